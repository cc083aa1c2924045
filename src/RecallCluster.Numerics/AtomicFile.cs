using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace RecallCluster.Numerics;

/// <summary>
/// Writes a file so that its name always shows a complete one: the bytes go to a temporary file in the same folder, are flushed to the
/// device, and take the name by a rename, after which the folder is flushed too. When anything fails, a full disk included, the file that
/// had the name stays as it was and the temporary one is removed.
/// </summary>
public static partial class AtomicFile
{
    private const int BufferSize = 1 << 20;

    /// <summary>Creates or replaces <paramref name="path"/> with what <paramref name="write"/> puts into the stream (seekable).</summary>
    /// <exception cref="IOException">The file could not be written completely; <paramref name="path"/> is as before.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, OpenTemporary);

    /// <summary>Creates or replaces <paramref name="path"/> with <paramref name="contents"/>.</summary>
    /// <exception cref="IOException">The file could not be written completely; <paramref name="path"/> is as before.</exception>
    public static void Write(string path, ReadOnlySpan<byte> contents)
    {
        // A span cannot be captured; copying it is fine for the small files that come this way.
        byte[] copy = contents.ToArray();
        Write(path, stream => stream.Write(copy));
    }

    /// <summary>
    /// The name that a temporary file was to take; null for any other file. One is left only where a process was killed while it wrote.
    /// </summary>
    /// <param name="fileName">Name of a file, without its folder.</param>
    public static string? TargetOf(string fileName)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        Match match = TemporaryName().Match(fileName);
        return match.Success ? match.Groups[1].Value : null;
    }

    internal static void Write(string path, Action<Stream> write, Func<string, FileStream> openTemporary)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string fullPath = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(fullPath) ?? throw new ArgumentException($"'{path}' names no file.", nameof(path));
        string temporary = Path.Combine(folder, $".{Path.GetFileName(fullPath)}.{Path.GetRandomFileName()}.tmp");
        try
        {
            using (FileStream stream = openTemporary(temporary))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, fullPath, overwrite: true);
            FlushFolder(folder);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    // As Path.GetRandomFileName makes them: eight characters, a dot, three.
    [GeneratedRegex(@"^\.(.+)\.[a-z0-9]{8}\.[a-z0-9]{3}\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();

    private static FileStream OpenTemporary(string path) => new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferSize);

    /// <summary>
    /// Makes the rename itself durable. Windows journals it; on Unix the folder must be flushed, which .NET has no call for.
    /// </summary>
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(folder, 0);
        if (descriptor < 0)
            throw new IOException($"Folder '{folder}' could not be opened to flush it (errno {Marshal.GetLastPInvokeError()}).");
        // Some file systems cannot flush a folder and answer EINVAL: there the rename is as durable as it gets.
        _ = Flush(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
