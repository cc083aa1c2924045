using System.CommandLine;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Http;
using RecallCluster.Http.Observability;
using RecallCluster.Http.Shards;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Replicas;

namespace RecallCluster.Cli.Workflows;

/// <summary>What is served and where; written once it is ready.</summary>
internal sealed record ShardServing(Uri Url, int Shard, int Shards, int Ads, string Identity, string Scorer, int Process);

/// <summary>
/// Serves one shard. On a device it takes two processes: this one watches the one that has the device, and where that one ends, it serves
/// the shard itself at the same address, on the processor:
/// <code> shard --scorer cuda:0 ─► shard --scorer cuda:0 --supervisor N ─► device lost, killed, ... ─► the first one, on cpu </code>
/// </summary>
internal sealed class ShardService(
    string modelFolder, string indexDirectory, int number, int threads, ShardServerOptions server, DeviceOptions? device)
{
    private const string UrlOption = "--url";

    /// <summary>The device; null for the processor.</summary>
    public DeviceOptions? Device => device;

    /// <summary>Serves from the processor, until told to stop.</summary>
    public async Task ServeAsync(CommandContext context, Action<CommandContext, ShardServing> ready)
    {
        using OpenedShard opened = await OpenAsync(context, null).ConfigureAwait(false);
        await ServeAsync(opened, server, context, url => ready(context, ServingOf(opened, url)), until: null).ConfigureAwait(false);
    }

    /// <summary>Serves from the device, until told to stop, the device is lost, or the process that watches is gone.</summary>
    public async Task ServeForAsync(int parent, CommandContext context, Action<CommandContext, ShardServing> ready)
    {
        using OpenedShard opened = await OpenAsync(context, device).ConfigureAwait(false);
        Task<DeviceLostException> lost = opened.Device!.Lost;
        using Process watcher = Process.GetProcessById(parent);
        Task orphaned = watcher.WaitForExitAsync(context.Cancellation);
        await ServeAsync(opened, server, context, url => ready(context, ServingOf(opened, url)), Task.WhenAny(lost, orphaned))
            .ConfigureAwait(false);
        if (!lost.IsCompleted)
            return;
        await context.Error.WriteLineAsync($"error: {(await lost.ConfigureAwait(false)).Message}").ConfigureAwait(false);
        // Nothing of the device's libraries can be trusted to come to an end.
        Environment.Exit(DeviceLostException.ExitCode);
    }

    /// <summary>Has another process serve from the device, and serves itself once that one is gone.</summary>
    public async Task SuperviseAsync(ParseResult parsed, CommandContext context, Action<CommandContext, ShardServing> ready)
    {
        string url = WithPort(server.Url);
        IndexManifest manifest = IndexDirectory.ReadManifest(indexDirectory);
        DeviceProcess process = await DeviceProcess.StartAsync(ArgumentsFor(parsed, url), context.Error, context.Cancellation)
            .ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            ShardFile file = manifest.Shards[number];
            ShardIdentity identity = ShardIdentity.Of(
                manifest.ModelFingerprint, Path.Combine(indexDirectory, file.File), number, manifest.Shards.Count, file.Ads);
            ready(context, new ShardServing(
                new Uri(url), number, manifest.Shards.Count, file.Ads, identity.ToString(), device!.Scorer.ToString(), process.Id));
            // Ready before it is needed, so that the shard is gone for no longer than it takes to listen.
            using OpenedShard standby = await OpenAsync(context, null, standsBy: true).ConfigureAwait(false);
            await process.UntilExitedAsync(context.Cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (context.Cancellation.IsCancellationRequested)
            {
                await process.StopAsync().ConfigureAwait(false);
                return;
            }
            await context.Error.WriteLineAsync(
                $"The process with {device.Scorer} ended with code {process.ExitCode}: going on with the processor.").ConfigureAwait(false);
            await ServeAsync(
                standby,
                server with { Url = url },
                context,
                address => context.Error.WriteLine($"{DeviceProcess.ReadyMark}{number} from the processor at {address}."),
                until: null).ConfigureAwait(false);
        }
    }

    private static async Task ServeAsync(
        OpenedShard opened, ShardServerOptions options, CommandContext context, Action<Uri> ready, Task? until)
    {
        // Traces go on here; where they are sent to, the environment says.
        using TelemetryExport? telemetry = TelemetryExport.Start(new TelemetryOptions { ServiceName = "recallcluster-shard" });
        WebApplication app = ShardServer.Create(opened.Served, options);
        await using (app.ConfigureAwait(false))
        {
            await app.StartAsync(context.Cancellation).ConfigureAwait(false);
            ready(FrontDoor.AddressesOf(app)[0]);
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using CancellationTokenRegistration byCaller = context.Cancellation.Register(() => stopped.TrySetResult());
            using CancellationTokenRegistration bySignal = app.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
            await Task.WhenAny(stopped.Task, until ?? stopped.Task).ConfigureAwait(false);
            await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    // A port that both processes can have, one after the other.
    private static string WithPort(string url)
    {
        var address = new UriBuilder(url);
        if (address.Port == 0)
            address.Port = FreePorts.Take(1)[0];
        return address.Uri.GetLeftPart(UriPartial.Authority);
    }

    // What was given, but for the address and for how the result is written.
    private static List<string> ArgumentsFor(ParseResult parsed, string url)
    {
        List<string> arguments = [.. parsed.Tokens.Select(token => token.Value).Where(value => value != GlobalOptions.JsonName)];
        int at = arguments.IndexOf(UrlOption);
        if (at >= 0)
            arguments.RemoveRange(at, 2);
        return [.. arguments, UrlOption, url];
    }

    private async Task<OpenedShard> OpenAsync(CommandContext context, DeviceOptions? on, bool standsBy = false)
    {
        try
        {
            return await context.InStageAsync(
                "Open model and shard", _ => OpenedShard.Open(modelFolder, indexDirectory, number, threads, on, standsBy))
                .ConfigureAwait(false);
        }
        catch (DeviceUnavailableException e)
        {
            throw new ExitException(ExitCodes.LeftOut, e.Message);
        }
    }

    private static ShardServing ServingOf(OpenedShard opened, Uri url)
    {
        ShardIdentity identity = opened.Served.Identity;
        return new ShardServing(
            url, identity.Number, identity.Shards, identity.Ads, identity.ToString(), opened.Device?.Description ?? "the processor",
            Environment.ProcessId);
    }
}
