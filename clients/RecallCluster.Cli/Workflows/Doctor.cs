using System.Runtime.InteropServices;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;
using RecallCluster.Numerics;
using RecallCluster.Serving.Devices;

namespace RecallCluster.Cli.Workflows;

/// <summary>Looks for what the parts of the system need on this machine.</summary>
internal static class Doctor
{
    private static readonly string[] TorchPackages = ["TorchSharp", "libtorch-"];

    /// <summary>All checks; fails for nothing that is missing.</summary>
    public static IReadOnlyList<DeviceCheck> Examine() =>
    [
        new("runtime", true, $".NET {Environment.Version}, {RuntimeInformation.RuntimeIdentifier}"),
        new("processor", Simd.Path != SimdPath.Portable, $"{Environment.ProcessorCount} thread(s), kernels for {Simd.Path}"),
        new("memory", true, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20:N0} MiB"),
        Silo(),
        Program("redis-server", "the store of `recall cluster up` and of the silos' tests"),
        .. Torch(),
    ];

    private static DeviceCheck Silo()
    {
        try
        {
            return new DeviceCheck("cluster edition", true, SiloProgram.Find().Library);
        }
        catch (ExitException e)
        {
            return new DeviceCheck("cluster edition", false, e.Message);
        }
    }

    private static DeviceCheck Program(string name, string what) =>
        ChildProcess.Which(name) is { } path ? new(name, true, path) : new(name, false, $"not on the PATH: {what}");

    private static IEnumerable<DeviceCheck> Torch()
    {
        try
        {
            string path = DevicePlugin.Find();
            return [new("scoring with libtorch", true, path), .. DevicePlugin.Load().Inspect()];
        }
        catch (DeviceUnavailableException e)
        {
            string[] missing = [.. SiloProgram.MissingPackages(AppContext.BaseDirectory).Where(
                package => TorchPackages.Any(name => package.StartsWith(name, StringComparison.OrdinalIgnoreCase)))];
            string why = missing.Length == 0
                ? e.Message
                : $"no package source has {string.Join(", ", missing)}; docs/gpu.md says what to install.";
            return [new("scoring with libtorch", false, why)];
        }
    }
}
