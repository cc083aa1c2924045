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

    [ProgramFact("kubectl")]
    public async Task With_TLS_kustomize_adds_it_to_every_silo()
    {
        (int code, string said) = await RunAsync("kubectl", "kustomize", Yaml.DeployFile("kubernetes-tls"));
        Assert.True(code == 0, said);
        Assert.NotEmpty(FieldTests.ReadStrictly(said));
        Yaml[] silos = [.. Yaml.Read("kustomized", said)
            .Where(manifest => manifest.Find("spec.template.spec.containers")?.Items.Single()["image"].Text == "recallcluster/silo:0.1.0")];
        Assert.Equal(3, silos.Length);
        Assert.All(silos, silo =>
        {
            Yaml pod = silo["spec.template.spec"], container = pod["containers"].Items.Single();
            Assert.Equal(3, container["env"].Items.Count(
                variable => variable["name"].Text.StartsWith("RECALL_SILO_tls__", StringComparison.Ordinal)));
            Assert.Contains(container["volumeMounts"].Items, mount => mount["name"].Text == "tls");
            Assert.Contains(pod["volumes"].Items, volume => volume.Find("secret.secretName")?.Text == "recall-tls");
        });
    }

    [ComposeTheory]
    [InlineData("compose.yaml")]
    [InlineData("compose.yaml", "tls.yaml")]
    public async Task The_services_are_ones_that_compose_understands(params string[] files)
    {
        string[] named = [.. files.SelectMany(file => (string[])["-f", Yaml.DeployFile("compose", file)])];
        (int code, string said) = await RunAsync("docker", ["compose", .. named, "config", "-q"]);
        Assert.True(code == 0, said);
    }

    private static async Task<(int Code, string Said)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["RECALL_DATA"] = "/data";
        start.Environment["RECALL_REDIS_PASSWORD"] = "0123abcd";
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

    /// <summary>Tests that run docker's plugin for compose; skipped, saying so, where it is not installed.</summary>
    private sealed class ComposeTheoryAttribute : TheoryAttribute
    {
        private const string Docker = "docker";

        public ComposeTheoryAttribute() => Skip = InstalledPrograms.WhyNot(Docker) ?? WhyNot();

        private static string? WhyNot()
        {
            (int code, string said) = RunAsync(Docker, "compose", "version").GetAwaiter().GetResult();
            return code == 0 ? null : $"There is no plugin compose of {Docker}: {said.Trim()}";
        }
    }
}
