using System.Text.Json;

namespace RecallCluster.Cli.Tests;

/// <summary>Runs the program in this process and keeps what it said.</summary>
internal sealed record Recall(int ExitCode, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static async Task<Recall> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await RecallApp.RunAsync(arguments, output, error, errorIsTerminal: false);
        return new Recall(exitCode, output.ToString(), error.ToString());
    }
}

/// <summary>A directory that goes when the test is over.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-cli-");

    public string this[string name] => Path.Combine(_directory.FullName, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
