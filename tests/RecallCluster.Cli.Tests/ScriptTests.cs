using System.Diagnostics;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests;

/// <summary>The script <c>recall</c> itself, in a folder of its own and with a dotnet that does as it is told.</summary>
public sealed class ScriptTests : IDisposable
{
    private const string Says = "no package source has: MessagePack, Microsoft.Orleans.Sdk";

    private const string Nothing = """
        /x/RecallCluster.Wire.csproj : error NU1101: Unable to find package MessagePack. No packages exist with this id in source(s): some
        /x/RecallCluster.Silo.csproj : error NU1102: Unable to find package Microsoft.Orleans.Sdk with version (>= 10.2.2)
        """;

    private readonly Scratch _folder = new();

    public ScriptTests()
    {
        DirectoryInfo root = Repository.TryFind()!;
        foreach (string file in (string[])["recall", "RecallCluster.sln", "RecallCluster.Embedded.slnf"])
            File.Copy(Path.Combine(root.FullName, file), _folder[file]);
        Directory.CreateDirectory(_folder["bin"]);
        // Restores everything as soon as there is a file "packages"; until then it says what is in "says".
        string dotnet = _folder.Write(Path.Combine("bin", "dotnet"), """
            #!/bin/sh
            echo "$1 ${2##*/}" >>"$FOLDER/calls"
            case $1 in
              --list-sdks) echo '10.0.100 [/x]' ;;
              restore) case $2 in *RecallCluster.sln) [ -f "$FOLDER/packages" ] || { cat "$FOLDER/says"; exit 1; } ;; esac ;;
              test) echo 'Passed: 3' ;;
            esac
            """);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Have(Nothing);
    }

    [ProgramFact("bash")]
    public async Task What_is_left_out_is_named_with_its_packages_each_time()
    {
        (string first, string[] calls) = await TestAsync();
        (string second, string[] later) = await TestAsync();

        Assert.Contains("restore RecallCluster.sln", calls);
        Assert.Contains("build WithoutCluster.slnf", calls);
        Assert.All((string[])[first, second], said =>
        {
            Assert.Contains(Says, said, StringComparison.Ordinal);
            Assert.Contains("RecallCluster.Silo.csproj", said, StringComparison.Ordinal);
        });
        // Nothing has changed, so nothing is looked for: the script stays quick.
        Assert.Equal(["--list-sdks ", "test WithoutCluster.slnf"], later);
    }

    [ProgramTheory("bash")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Packages_that_are_there_by_now_are_found(bool isConfigured)
    {
        await TestAsync();
        _folder.Write("packages", "");
        if (isConfigured)
            Configure();
        else
            Looked(TimeSpan.FromDays(2));

        (string said, string[] calls) = await TestAsync();

        Assert.Contains("build RecallCluster.sln", calls);
        Assert.Contains("test RecallCluster.sln", calls);
        Assert.DoesNotContain("left out (", said, StringComparison.Ordinal);
    }

    [ProgramFact("bash")]
    public async Task Without_a_network_what_is_built_stays()
    {
        await TestAsync();
        Looked(TimeSpan.FromDays(2));
        Have("/x/RecallCluster.Wire.csproj : error NU1301: Unable to load the service index for source some.");

        (string said, string[] calls) = await TestAsync();
        (_, string[] later) = await TestAsync();

        Assert.Equal(["--list-sdks ", "restore RecallCluster.sln", "test WithoutCluster.slnf"], calls);
        Assert.Contains(Says, said, StringComparison.Ordinal);
        // It was looked for today.
        Assert.Equal(["--list-sdks ", "test WithoutCluster.slnf"], later);
    }

    [ProgramFact("bash")]
    public async Task One_part_that_has_become_whole_is_built()
    {
        Have($"{Nothing}\n/x/RecallCluster.TorchScoring.csproj : error NU1101: Unable to find package TorchSharp. No packages exist");
        (string both, string[] calls) = await TestAsync();
        Assert.Contains("build RecallCluster.Embedded.slnf", calls);
        Assert.Contains($"{Says}, TorchSharp", both, StringComparison.Ordinal);

        Looked(TimeSpan.FromDays(2));
        Have(Nothing);
        (string one, calls) = await TestAsync();

        Assert.Contains("build WithoutCluster.slnf", calls);
        Assert.Contains(Says, one, StringComparison.Ordinal);
        Assert.DoesNotContain("TorchSharp", one, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What a restore that fails says from now on.</summary>
    private void Have(string says) => _folder.Write("says", $"{says}\n");

    /// <summary>As if it had looked for packages so long ago.</summary>
    private void Looked(TimeSpan ago) => File.SetLastWriteTimeUtc(_folder[Path.Combine("artifacts", "restored")], DateTime.UtcNow - ago);

    /// <summary>The user names another source, some time after it has looked.</summary>
    private void Configure()
    {
        Looked(TimeSpan.FromHours(1));
        Directory.CreateDirectory(_folder[Path.Combine(".nuget", "NuGet")]);
        _folder.Write(Path.Combine(".nuget", "NuGet", "NuGet.Config"), "<configuration />");
    }

    /// <summary>Runs <c>./recall test</c>.</summary>
    /// <returns>What it said in anger, and how it called dotnet.</returns>
    private async Task<(string Said, string[] Calls)> TestAsync()
    {
        File.Delete(_folder["calls"]);
        var start = new ProcessStartInfo("bash", [_folder["recall"], "test"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach (string variable in (string[])["HOME", "DOTNET_CLI_HOME", "FOLDER"])
            start.Environment[variable] = Path.GetDirectoryName(_folder["x"]);
        start.Environment.Remove("RECALL_LIBTORCH");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        Assert.True(process.ExitCode == 0, await error);
        Assert.EndsWith("3 passed, 0 failed, 0 skipped\n", await output, StringComparison.Ordinal);
        return (await error, await File.ReadAllLinesAsync(_folder["calls"]));
    }
}
