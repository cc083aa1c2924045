using System.Text.Json;

namespace RecallCluster.Cli.Tests;

/// <summary>JSON documents in what a process says.</summary>
internal static class Documents
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Reads lines until they are a whole document.</summary>
    /// <param name="reader">What the process says.</param>
    /// <param name="lastWords">What else it said, for the message where there is no document.</param>
    public static async Task<JsonElement> ReadAsync(StreamReader reader, Func<string>? lastWords = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        string text = "";
        while (await reader.ReadLineAsync(patience.Token) is { } line)
        {
            text += line + "\n";
            if (line == "}")
                return JsonDocument.Parse(text).RootElement;
        }
        throw new InvalidDataException($"The program ended after saying: {text}{lastWords?.Invoke()}");
    }
}
