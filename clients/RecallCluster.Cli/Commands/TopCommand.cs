using System.CommandLine;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Cli.Workflows;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall top</c>: what a running server does, in the terminal.</summary>
internal static class TopCommand
{
    private const string KeyVariable = "RECALL_KEY";

    public static Command Build(CommandBuilder builder)
    {
        Option<string> url = new("--url")
        {
            Description = "The server.",
            DefaultValueFactory = _ => "http://127.0.0.1:8080",
            HelpName = "URL",
        };
        Option<string?> key = OptionKit.Optional(
            "--key", $"API key with the role admin; {KeyVariable} in the environment if not given.", "KEY");
        Option<bool> once = OptionKit.Switch(
            "--once", "Show the state of now and end; so it is with --json, and where the output is no terminal.");
        Option<double> interval = OptionKit.Real("--interval", "Seconds between two looks.", 1, 0.1, 3600);
        return builder.Build(
            "top",
            "Watch a running server: traffic, campaigns, shards. Ctrl-C ends it.",
            [url, key, once, interval],
            async (parsed, context) =>
            {
                using var server = new LiveServer(
                    AddressOf(parsed.GetValue(url)!), parsed.GetValue(key) ?? Environment.GetEnvironmentVariable(KeyVariable));
                JsonElement first = await server.ReadAsync(context.Cancellation).ConfigureAwait(false);
                if (parsed.GetValue(once) || !context.CanRedraw)
                {
                    context.Write(first, (console, document) =>
                        console.Write(new TopDrawing(server.Address).Draw(TopSnapshot.Of(document), int.MaxValue)));
                    return;
                }
                TimeSpan every = TimeSpan.FromSeconds(parsed.GetValue(interval));
                await context.RedrawAsync(console => WatchAsync(console, server, first, every, context.Cancellation)).ConfigureAwait(false);
            });
    }

    private static async Task WatchAsync(
        IAnsiConsole console, LiveServer server, JsonElement first, TimeSpan interval, CancellationToken cancellation)
    {
        var drawing = new TopDrawing(server.Address);
        TopSnapshot latest = TopSnapshot.Of(first);
        using var timer = new PeriodicTimer(interval);
        await console.Live(drawing.Draw(latest, console.Profile.Height)).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
        {
            try
            {
                while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
                {
                    string? trouble = null;
                    try
                    {
                        latest = TopSnapshot.Of(await server.ReadAsync(cancellation).ConfigureAwait(false));
                    }
                    // A server that is away comes back; until then its last figures stay, and it is said why they stand still.
                    catch (Exception e) when (e is HttpRequestException or InvalidDataException or TimeoutException)
                    {
                        trouble = e.Message;
                    }
                    live.UpdateTarget(drawing.Draw(latest, console.Profile.Height, trouble));
                    live.Refresh();
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // Ctrl-C is how this ends.
                live.Refresh();
            }
        }).ConfigureAwait(false);
    }

    /// <exception cref="UsageException">It is no address of a server.</exception>
    public static Uri AddressOf(string url) =>
        Uri.TryCreate(url.EndsWith('/') ? url : url + "/", UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : throw new UsageException($"--url wants an http or https URL, not {url}.");
}
