using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Http;
using RecallCluster.Http.Observability;
using RecallCluster.Http.Shards;
using RecallCluster.Serving.Replicas;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall shard</c>.</summary>
internal static class ShardCommand
{
    public static Command Build(CommandBuilder builder)
    {
        Option<string> model = OptionKit.Required("--model", "Directory that `train` made.", "DIR");
        Option<string> index = OptionKit.Required("--index", "Index directory, the same as the gateway's.", "DIR");
        Option<int> number = OptionKit.Number("--shard", "Which shard of the index.", 0, 0);
        Option<string> url = new("--url")
        {
            Description = "Where to listen; port 0 takes a free one. Beyond this machine it wants --secret or --client-authority.",
            DefaultValueFactory = _ => "http://127.0.0.1:0",
            HelpName = "URL",
        };
        Option<string?> secret = OptionKit.Optional(
            "--secret", "File of the secret that gateways must show, which `keys secret` makes.", "FILE");
        Option<string?> certificate = OptionKit.Optional("--certificate", "Certificate chain (PEM) for a URL of https.", "FILE");
        Option<string?> certificateKey = OptionKit.Optional(
            "--certificate-key", "Its private key (PEM), where the certificate's file does not hold it.", "FILE");
        Option<string?> authority = OptionKit.Optional(
            "--client-authority", "Authorities (PEM) of gateways' certificates; every gateway must then show one.", "FILE");
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "shard",
            "Serve one shard of an index to gateways (`serve --shards`) over HTTP/2, until told to stop.",
            [model, index, number, url, secret, certificate, certificateKey, authority, threads],
            async (parsed, context) =>
            {
                var server = new ShardServerOptions
                {
                    Url = parsed.GetValue(url)!,
                    Secret = parsed.GetValue(secret) is { } path ? ShardSecret.Load(path) : null,
                    Tls = DoorSettings.TlsOf(parsed.GetValue(certificate), parsed.GetValue(certificateKey), parsed.GetValue(authority)),
                };
                RequireClosed(server);
                // Traces go on here; where they are sent to, the environment says.
                using TelemetryExport? telemetry = TelemetryExport.Start(new TelemetryOptions { ServiceName = "recallcluster-shard" });
                using OpenedShard opened = await context.InStageAsync("Open model and shard", _ => OpenedShard.Open(
                    ModelFolders.DeepIn(parsed.GetRequiredValue(model)), parsed.GetRequiredValue(index), parsed.GetValue(number),
                    parsed.GetValue(threads))).ConfigureAwait(false);
                WebApplication app = ShardServer.Create(opened.Served, server);
                await using (app.ConfigureAwait(false))
                {
                    await app.StartAsync(context.Cancellation).ConfigureAwait(false);
                    ShardIdentity identity = opened.Served.Identity;
                    context.Write(
                        new Serving(FrontDoor.AddressesOf(app)[0], identity.Number, identity.Shards, identity.Ads, identity.ToString()),
                        (console, serving) =>
                        {
                            console.WriteLine($"Serving shard {serving.Shard} of {serving.Shards}, {Drawing.Count(serving.Ads)} ads, "
                                + $"identity {serving.Identity}, at {serving.Url}");
                            console.WriteLine("Stop with Ctrl-C.");
                        });
                    var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    using CancellationTokenRegistration byCaller = context.Cancellation.Register(() => stopped.TrySetResult());
                    using CancellationTokenRegistration bySignal = app.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
                    await stopped.Task.ConfigureAwait(false);
                    await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
                }
            });
    }

    // Who can ask a shard can take its ads out of it.
    private static void RequireClosed(ShardServerOptions server)
    {
        bool isLocal = Uri.TryCreate(server.Url, UriKind.Absolute, out Uri? url) && url.IsLoopback;
        if (!isLocal && server is { Secret: null, Tls: not { ClientAuthorityPath: not null } })
            throw new UsageException(
                $"--url {server.Url} can be reached from other machines: it wants --secret, --client-authority, or both.");
    }

    /// <summary>What is served and where; written once it is ready.</summary>
    private sealed record Serving(Uri Url, int Shard, int Shards, int Ads, string Identity);
}
