using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RecallCluster.ClusterBench;
using RecallCluster.Grains.Hosting;
using StackExchange.Redis;

// host: the silo with all grains, until it is killed.   calls, events: the silo that asks, and what it measured, as JSON.   wire: as JSON.
try
{
    if (args.Length == 0)
        throw new ArgumentException("wants host, calls, events or wire.");
    var arguments = new BenchArguments(args[1..]);
    switch (args[0])
    {
        case "host":
            await HostAsync(arguments).ConfigureAwait(false);
            break;
        case "calls":
            await AskAsync(arguments, (grains, _, host) =>
                new CallBench(grains, arguments.Number("state-floats"), host).RunAsync(arguments.Seconds("seconds"))).ConfigureAwait(false);
            break;
        case "events":
            await AskAsync(arguments, (grains, redis, host) => new EventBench(grains, redis!.GetDatabase(), host).RunAsync(
                arguments.Number("campaigns"), arguments.Number("callers"), arguments.Seconds("seconds"))).ConfigureAwait(false);
            break;
        case "wire":
            Write(await new WireBench(arguments.Number("state-floats"))
                .RunAsync(arguments.Find("door") is { } door ? new Uri(door) : null, arguments.Find("traffic")).ConfigureAwait(false));
            break;
        default:
            throw new ArgumentException($"'{args[0]}' is none of host, calls, events, wire.");
    }
    return 0;
}
// The outermost frame: whatever went wrong below ends as one clear line and a failing exit code.
catch (Exception e) when (Environment.GetEnvironmentVariable("RECALL_DEBUG") != "1")
{
    Console.Error.WriteLine($"error: {e.Message.ReplaceLineEndings(" ")}");
    return 1;
}

static async Task HostAsync(BenchArguments arguments)
{
    using ConnectionMultiplexer? redis = await ConnectAsync(arguments).ConfigureAwait(false);
    using IHost host = BenchSilo.Build(arguments, [SiloRoles.Control, SiloRoles.Retrieval], redis);
    await host.RunAsync().ConfigureAwait(false);
}

static async Task AskAsync<T>(BenchArguments arguments, Func<IGrainFactory, IConnectionMultiplexer?, Process, Task<T>> measure)
{
    using var other = Process.GetProcessById(arguments.Number("host"));
    using ConnectionMultiplexer? redis = await ConnectAsync(arguments).ConfigureAwait(false);
    using IHost host = BenchSilo.Build(arguments, [SiloRoles.Gateway], redis);
    await host.StartAsync().ConfigureAwait(false);
    Write(await measure(host.Services.GetRequiredService<IGrainFactory>(), redis, other).ConfigureAwait(false));
    await host.StopAsync().ConfigureAwait(false);
}

static async Task<ConnectionMultiplexer?> ConnectAsync(BenchArguments arguments) =>
    arguments.Redis is { } redis ? await ConnectionMultiplexer.ConnectAsync(redis).ConfigureAwait(false) : null;

static void Write<T>(T figures) => Console.WriteLine(JsonSerializer.Serialize(figures, JsonSerializerOptions.Web));
