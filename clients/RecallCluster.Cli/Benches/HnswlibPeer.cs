using System.Diagnostics;
using System.Runtime.InteropServices;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// hnswlib in this process, through the C interface under <c>bench/peers/hnswlib</c>, which is compiled on first use. It answers on the
/// calling thread and times itself.
/// </summary>
internal sealed unsafe class HnswlibPeer : IDisposable
{
    private const string Header = "/usr/include/hnswlib/hnswalg.h";
    private const string SourcePath = "bench/peers/hnswlib/hnswlib_peer.cpp";
    private readonly nint _library;
    private readonly delegate* unmanaged<nint> _error;
    private readonly delegate* unmanaged<float*, long, int, int, int, int, int, ulong, double*, void*> _build;
    private readonly delegate* unmanaged<void*, float*, int, int, int, int*, double> _search;
    private readonly delegate* unmanaged<void*, void> _free;

    private HnswlibPeer(string path)
    {
        _library = NativeLibrary.Load(path);
        _error = (delegate* unmanaged<nint>)NativeLibrary.GetExport(_library, "peer_error");
        _build = (
            delegate* unmanaged<float*, long, int, int, int, int, int, ulong, double*,
            void*>)NativeLibrary.GetExport(_library, "peer_build");
        _search = (delegate* unmanaged<void*, float*, int, int, int, int*, double>)NativeLibrary.GetExport(_library, "peer_search");
        _free = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(_library, "peer_free");
    }

    /// <summary>Compiles and loads the peer.</summary>
    /// <param name="reason">Why there is none: which package or file is missing, or what the compiler said.</param>
    /// <returns>The peer, or null.</returns>
    public static HnswlibPeer? TryLoad(out string? reason)
    {
        string? root = RepositoryRoot();
        if (root is null)
        {
            reason = $"{SourcePath} was not found above {Environment.CurrentDirectory} or the program: hnswlib cannot be built.";
            return null;
        }
        if (!File.Exists(Header))
        {
            reason = $"{Header} is missing: install the Debian package libhnswlib-dev to compare with hnswlib.";
            return null;
        }
        string source = Path.Combine(root, SourcePath);
        string library = Path.Combine(root, "artifacts", "peers", "libhnswlib_peer.so");
        reason = Compile(source, library);
        return reason is null ? new HnswlibPeer(library) : null;
    }

    /// <summary>Builds an index.</summary>
    /// <exception cref="InvalidOperationException">hnswlib failed; its message.</exception>
    public Index Build(
        NativeBlock<float> vectors, int count, int dim, VectorMetric metric, int m, int efConstruction, int threads, out double seconds)
    {
        double elapsed = 0;
        void* handle = _build(vectors.Pointer, count, dim, (int)metric, m, efConstruction, threads, 100, &elapsed);
        if (handle == null)
            throw new InvalidOperationException($"hnswlib: {Marshal.PtrToStringUTF8(_error())}");
        seconds = elapsed;
        return new Index(this, handle);
    }

    /// <inheritdoc/>
    public void Dispose() => NativeLibrary.Free(_library);

    private static string? RepositoryRoot()
    {
        foreach (string start in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, SourcePath)))
                    return folder.FullName;
            }
        }
        return null;
    }

    private static string? Compile(string source, string library)
    {
        if (File.Exists(library) && File.GetLastWriteTimeUtc(library) > File.GetLastWriteTimeUtc(source))
            return null;
        Directory.CreateDirectory(Path.GetDirectoryName(library)!);
        string partial = $"{library}.{Environment.ProcessId}.partial";
        var command = new ProcessStartInfo("g++") { RedirectStandardError = true };
        foreach (string argument in new[] { "-O3", "-march=native", "-std=c++17", "-fPIC", "-shared", "-pthread", "-o", partial, source })
            command.ArgumentList.Add(argument);
        try
        {
            using Process compiler = Process.Start(command)!;
            string messages = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            if (compiler.ExitCode != 0)
                return $"g++ could not compile {source}: {messages.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return $"g++ could not be started ({error.Message}): install the Debian package g++ to compare with hnswlib.";
        }
        File.Move(partial, library, overwrite: true);
        return null;
    }

    /// <summary>A built index.</summary>
    public sealed class Index(HnswlibPeer peer, void* handle) : IDisposable
    {
        private void* _handle = handle;

        /// <summary>Answers all queries one after the other and returns the seconds that took.</summary>
        /// <param name="queries">Row-major queries.</param>
        /// <param name="count">Number of queries.</param>
        /// <param name="k">Neighbours a query.</param>
        /// <param name="ef">Search width.</param>
        /// <param name="ids">Receives count x k rows, -1 where fewer were found.</param>
        public double Search(NativeBlock<float> queries, int count, int k, int ef, int[] ids)
        {
            fixed (int* output = ids)
            {
                double seconds = peer._search(_handle, queries.Pointer, count, k, ef, output);
                return seconds >= 0 ? seconds : throw new InvalidOperationException($"hnswlib: {Marshal.PtrToStringUTF8(peer._error())}");
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (_handle != null)
                peer._free(_handle);
            _handle = null;
        }
    }
}
