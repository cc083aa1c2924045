using System.Diagnostics;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests.Deploy;

/// <summary>What the tools themselves say of the deployments.</summary>
public sealed class ToolTests
{
    [ProgramFact("systemd-analyze")]
    public async Task The_unit_is_one_that_systemd_understands()
    {
        using var folder = new Scratch();
        string unit = await File.ReadAllTextAsync(Yaml.DeployFile("systemd", "recall-silo@.service"));
        // The program is not installed where this runs; whatever is may stand for it.
        string program = InstalledPrograms.Find("true")!;
        string file = folder.Write("recall-silo@.service", unit.Replace("/usr/bin/dotnet", program, StringComparison.Ordinal));
        (int code, string said) = await RunAsync("systemd-analyze", "verify", "--man=no", file);
        Assert.True(code == 0 && !said.Contains("recall-silo", StringComparison.Ordinal), said);
    }

    [ProgramFact("kubectl")]
    public async Task The_manifests_are_ones_that_kustomize_understands()
    {
        (int code, string said) = await RunAsync("kubectl", "kustomize", Yaml.DeployFile("kubernetes"));
        Assert.True(code == 0, said);
        Assert.Contains("kind: HorizontalPodAutoscaler", said, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Said)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
