using System.Diagnostics;
using System.Text.Json;

namespace RecallCluster.Silo.Tests.Support;

/// <summary>What became of a command of the <c>recall</c> program, in a process of its own.</summary>
internal sealed record RecallProgram(int ExitCode, string Output, string Error)
{
    /// <summary>The document that it wrote.</summary>
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Output);

    /// <summary>Runs a command and waits for its end.</summary>
    /// <param name="arguments">The command; it is asked for a document.</param>
    public static async Task<RecallProgram> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "recall.dll"), .. arguments, "--json"])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await Task.WhenAll(output, error, process.WaitForExitAsync());
        return new RecallProgram(process.ExitCode, await output, await error);
    }
}
