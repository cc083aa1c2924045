using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Http;
using RecallCluster.Http.Security;
using RecallCluster.Http.Shards;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.NewAds;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall serve</c>.</summary>
internal static class ServeCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new FrontDoorOptions();
        Option<string> model = OptionKit.Required("--model", "Directory that `train` made.", "DIR");
        Option<string> index = OptionKit.Required("--index", "Index directory.", "DIR");
        Option<string?> data = OptionKit.Optional(
            "--data", "Data-set directory: its users are known by their ids.", "DIR");
        Option<string[]> urls = new("--urls")
        {
            Description = "Where to listen; port 0 takes a free one.",
            DefaultValueFactory = _ => [.. defaults.Urls],
            HelpName = "URL",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string?> shards = OptionKit.Optional(
            "--shards", "Who answers for each shard: a JSON file {\"shards\":[[\"local\",\"http://host:port\"],...]}, or the same as "
            + "\"local,http://host:port;...\". Without it this process answers for all.", "FILE|MAP");
        Option<string?> shardSecret = OptionKit.Optional(
            "--shard-secret", "File of the secret that shards of other processes want to be shown.", "FILE");
        Option<string?> shardAuthority = OptionKit.Optional(
            "--shard-authority", "Authorities (PEM) that certificates of such shards must come from; the system's otherwise.", "FILE");
        Option<string?> shardCertificate = OptionKit.Optional(
            "--shard-certificate", "This gateway's own certificate (PEM), for shards that want one.", "FILE");
        Option<string?> shardKey = OptionKit.Optional(
            "--shard-certificate-key", "Its private key (PEM), where the certificate's file does not hold it.", "FILE");
        Option<int> maxK = OptionKit.Number("--max-k", "Most ads that a request may ask for.", defaults.Limits.MaxK, 1);
        Option<int> threads = OptionKit.Threads();
        Option<string?> versions = OptionKit.Optional(
            "--versions", "Directory of further versions, each with `model` and `index`, that POST /v1/indexes changes to.", "DIR");
        Option<int> newAds = OptionKit.Number(
            "--new-ads", "Most ads that the index does not know; each takes memory, and time at a start.", new NewAdOptions().MaxAds, 0);
        var selling = new ServeOptions();
        var settings = new DoorSettings();
        return builder.Build(
            "serve",
            "Open the front door until told to stop: candidates, and with a market the whole loop of ads, auctions and feedback.",
            [model, index, data, urls, shards, shardSecret, shardAuthority, shardCertificate, shardKey, maxK, threads, versions, newAds,
                .. selling.Symbols, .. settings.Symbols],
            async (parsed, context) =>
            {
                Dataset? dataset = parsed.GetValue(data) is { } directory
                    ? await context.InStageAsync("Read the users", _ => DatasetDirectory.Read(directory)).ConfigureAwait(false)
                    : null;
                FrontDoorOptions door = settings.Complete(
                    new FrontDoorOptions { Urls = parsed.GetValue(urls)!, Limits = defaults.Limits with { MaxK = parsed.GetValue(maxK) } },
                    parsed,
                    parsed.GetValue(shards) is null ? parsed.GetValue(threads) : null);
                var remote = new RemoteShardOptions
                {
                    Secret = parsed.GetValue(shardSecret) is { } secret ? ShardSecret.Load(secret) : null,
                    AuthorityPath = parsed.GetValue(shardAuthority),
                    Certificate = parsed.GetValue(shardCertificate) is { } certificate
                        ? new TlsOptions { CertificatePath = certificate, KeyPath = parsed.GetValue(shardKey) } : null,
                };
                var host = new EmbeddedHostOptions
                {
                    ModelDirectory = ModelFolders.DeepIn(parsed.GetRequiredValue(model)),
                    IndexDirectory = parsed.GetRequiredValue(index),
                    Users = dataset is null ? null : new UserDirectory(dataset),
                    NewAds = new NewAdOptions { MaxAds = parsed.GetValue(newAds) },
                    Shards = parsed.GetValue(shards) is { } map ? ReplicaMap.Of(map, TimeProvider.System, remote) : null,
                };
                ClosedLoopOptions? market = selling.MarketOf(parsed, parsed.GetValue(data));
                var options = new ServedDoorOptions
                {
                    Host = host,
                    Market = market,
                    Door = ServeOptions.Complete(door, market),
                    Telemetry = settings.TelemetryOf(parsed),
                    Versions = parsed.GetValue(versions),
                    Threads = parsed.GetValue(threads),
                };
                ServedDoor served = await context.Progress.RunAsync(async stages =>
                {
                    using IStage stage = stages.Begin("Open state, model and index");
                    return await ServedDoor.OpenAsync(options, context.Cancellation).ConfigureAwait(false);
                }).ConfigureAwait(false);
                await using (served.ConfigureAwait(false))
                {
                    context.Write(new Serving(
                        [.. served.Addresses], served.Summary.Version, served.Summary.Shards, served.Summary.Ads), (console, serving) =>
                    {
                        console.WriteLine($"Serving {Drawing.Count(serving.Ads)} ads on {serving.Shards} shard(s), version "
                            + $"{serving.Version}, at {string.Join(", ", serving.Urls.Select(u => u.ToString()))}");
                        string key = door.Access.Keys is null ? "" : "-H 'authorization: Bearer KEY' ";
                        console.WriteLine($"Try: curl -s {serving.Urls[0]}v1/candidates {key}-H 'content-type: application/json' -d "
                            + $"'{{\"user\":{{\"sequence\":[]}},\"k\":5}}'");
                        console.WriteLine($"Dashboard: {serving.Urls[0]}");
                        console.WriteLine("Stop with Ctrl-C.");
                    });
                    await served.UntilStoppedAsync(context.Cancellation).ConfigureAwait(false);
                }
            });
    }

    /// <summary>What is served and where; written once it is ready.</summary>
    private sealed record Serving(Uri[] Urls, string Version, int Shards, long Ads);
}
