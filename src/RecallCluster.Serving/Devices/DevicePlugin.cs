using System.Reflection;
using System.Runtime.Loader;

namespace RecallCluster.Serving.Devices;

/// <summary>
/// Finds the assembly that scores on devices and loads it with the libraries beside it; what it shares with this program it takes from
/// here. It lies where the environment's <see cref="FolderVariable"/> says, else in the folder <c>torch</c> beside this program, else in
/// the build's output.
/// </summary>
public static class DevicePlugin
{
    /// <summary>Name of the environment variable that names its folder.</summary>
    public const string FolderVariable = "RECALL_TORCH";

    private static readonly Lock Loading = new();
    private static IDeviceScoring? s_loaded;
    private const string Part = "RecallCluster.TorchScoring";

    /// <summary>Path of the assembly.</summary>
    /// <exception cref="DeviceUnavailableException">There is none; the message says where it was looked for.</exception>
    public static string Find() => Find(new DirectoryInfo(AppContext.BaseDirectory), Environment.GetEnvironmentVariable(FolderVariable));

    /// <summary>Loads it, once.</summary>
    /// <exception cref="DeviceUnavailableException">There is none, or it cannot be loaded.</exception>
    public static IDeviceScoring Load()
    {
        lock (Loading)
            return s_loaded ??= Load(Find());
    }

    private static IDeviceScoring Load(string path)
    {
        try
        {
            Assembly assembly = new Context(path).LoadFromAssemblyPath(path);
            Type type = assembly.GetExportedTypes().Single(t => typeof(IDeviceScoring).IsAssignableFrom(t) && t.IsClass);
            return (IDeviceScoring)Activator.CreateInstance(type)!;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or InvalidOperationException or TypeLoadException)
        {
            throw new DeviceUnavailableException($"{path} cannot be loaded: {e.Message}", e);
        }
    }

    /// <summary>As <see cref="Find()"/>, for a program in a folder of its own.</summary>
    internal static string Find(DirectoryInfo own, string? named)
    {
        string[] folders = named is { Length: > 0 } ? [named] :
        [
            Path.Combine(own.FullName, "torch"),
            // Build output: artifacts/bin/PROJECT/CONFIGURATION.
            .. own.Parent?.Parent is { } binaries ? new[] { Path.Combine(binaries.FullName, Part, own.Name) } : [],
        ];
        return folders.Select(folder => Path.Combine(Path.GetFullPath(folder), Part + ".dll")).FirstOrDefault(File.Exists)
            ?? throw new DeviceUnavailableException(
                $"scoring with libtorch is not part of this build: there is no {Part}.dll in {string.Join(" or ", folders)}.");
    }

    private sealed class Context(string path) : AssemblyLoadContext(Part)
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            // The types that both sides speak of must be the same ones.
            Assembly? shared = Default.Assemblies.FirstOrDefault(a => a.GetName().Name == assemblyName.Name);
            return shared is not null || assemblyName.Name!.StartsWith("RecallCluster.", StringComparison.Ordinal)
                ? shared
                : _resolver.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;
        }

        protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
            _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } found ? LoadUnmanagedDllFromPath(found) : 0;
    }
}
