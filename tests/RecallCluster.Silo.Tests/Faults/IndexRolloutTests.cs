using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using RecallCluster.Client;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>Two silo processes change to another version of model and index while they are asked for ads, and keep to it.</summary>
[Collection(FaultSuite.Name)]
public sealed class IndexRolloutTests(FaultSuite suite)
{
    private const string Next = "2026-05-02";
    private const double Rate = 20;
    private static readonly TimeSpan TimeToStart = TimeSpan.FromMinutes(10), Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100), Pause = TimeSpan.FromMilliseconds(20);

    // How well a model of so few examples finds, and how long that takes beside everything else, says nothing: that it is compared does.
    private static readonly object Anything = new
    {
        requests = 20, share = 1.0, leastValue = 0.0, mostValue = 1e9, leastOverlap = 0.0, mostLatency = 1e6, mostFailures = 1.0,
        patienceSeconds = 600.0,
    };

    [RedisFact]
    public async Task A_version_is_changed_to_under_load_outlives_every_silo_and_is_gone_back_from()
    {
        FaultMarket market = await suite.MarketAsync();
        await market.MakeVersionAsync(Next);
        await using FaultStage stage = await FaultStage.OpenAsync(FaultPlan.Pair, market, Rate, TimeToStart);
        Door[] doors = [.. stage.Cluster.Silos.Select(silo => new Door(silo.Door!))];
        try
        {
            (string firstName, string first) = await doors[0].RunningAsync();
            string next;
            AdsAnswer[] answers;
            await using (var asking = new Asking(stage.Doors))
            {
                await doors[0].PublishAsync(Next, Anything);
                next = await RunsAsync(doors, Next);
                answers = await asking.UntilAnsweredWithAsync(next);
            }

            Assert.NotEqual(first, next);
            Assert.All(answers, answer => Assert.True(answer.Ads.Count > 0, $"version {answer.Version}: no ad, {answer.NoAd}"));
            Assert.Equal([first, next], answers.Select(answer => answer.Version).Distinct());

            // The grain that decides was on one of them: what it decided is kept elsewhere.
            for (int silo = 0; silo < doors.Length; silo++)
            {
                await stage.Cluster.Silos[silo].KillAsync();
                await stage.Cluster.UntilWholeAsync(TimeToStart);
                Assert.Equal(next, (await doors[silo].AnswerAsync()).Version);
                Assert.Equal(next, await RunsAsync(doors, Next));
            }

            await doors[0].RollBackToAsync(firstName);
            Assert.Equal(first, await RunsAsync(doors, firstName));
        }
        finally
        {
            foreach (Door door in doors)
                door.Dispose();
        }
    }

    /// <summary>Waits until every door says that a version is running, and answers with it.</summary>
    /// <returns>The name that answers carry.</returns>
    private static async Task<string> RunsAsync(IEnumerable<Door> doors, string name)
    {
        var versions = new HashSet<string>();
        foreach (Door door in doors)
            versions.Add(await door.UntilRunsAsync(name));
        return Assert.Single(versions);
    }

    /// <summary>Calls until something comes of it.</summary>
    private static async Task<T> UntilAsync<T>(Func<Task<T?>> call, string what)
        where T : class
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await call() is { } result)
                return result;
            await Task.Delay(Look, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.False(patience.IsCancellationRequested, $"in vain: {what}");
        }
    }

    /// <summary>The front door of one silo.</summary>
    private sealed class Door(Uri address) : IDisposable
    {
        private const string Path = "v1/indexes";

        private readonly HttpClient _http = new() { BaseAddress = address, Timeout = Patience };
        private readonly RecallClient _client = new(new RecallClientOptions
        {
            Door = address, Timeout = Patience, Retries = new RetryOptions { MaxAttempts = 1 },
        });

        /// <summary>Name of the version that is running, and the one that answers carry.</summary>
        public async Task<(string Name, string Version)> RunningAsync()
        {
            JsonNode running = (await RolloutAsync())["running"]!;
            return (running["name"]!.GetValue<string>(), running["version"]!.GetValue<string>());
        }

        /// <summary>Publishes a version. A call that failed may have done so: then the next one finds it on its way.</summary>
        public async Task PublishAsync(string name, object shadow)
        {
            bool mayBe = false;
            await UntilAsync<string>(
                async () =>
                {
                    using HttpResponseMessage response = await _http.PostAsJsonAsync(Path, new { name, shadow });
                    if (response.StatusCode == HttpStatusCode.Accepted || (mayBe && response.StatusCode == HttpStatusCode.Conflict))
                        return name;
                    mayBe = response.StatusCode == HttpStatusCode.ServiceUnavailable;
                    Assert.True(mayBe, await response.Content.ReadAsStringAsync());
                    return null;
                },
                $"publishing {name}");
        }

        /// <summary>Goes back. A call that failed may have done so; another one would go forth again.</summary>
        public async Task RollBackToAsync(string name) => await UntilAsync<string>(
            async () =>
            {
                if ((await RunningAsync()).Name == name)
                    return name;
                using HttpResponseMessage response = await _http.PostAsync(new Uri($"{Path}/rollback", UriKind.Relative), null);
                Assert.True(
                    response.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable,
                    await response.Content.ReadAsStringAsync());
                return null;
            },
            $"going back to {name}");

        /// <summary>Waits until it says that a version is running, and answers with it; one that is refused ends the wait.</summary>
        /// <returns>The name that answers carry.</returns>
        public async Task<string> UntilRunsAsync(string name)
        {
            string version = await UntilAsync(
                async () =>
                {
                    JsonNode? last = (await RolloutAsync())["last"];
                    Assert.False(last?["outcome"]?.GetValue<string>() == "refused", last?.ToJsonString());
                    (string running, string carried) = await RunningAsync();
                    return running == name ? carried : null;
                },
                $"{address} changes to {name}");
            await UntilAsync(
                async () => await AnswerAsync() is { Ads.Count: > 0 } answer && answer.Version == version ? answer : null,
                $"{address} answers with {name}");
            return version;
        }

        /// <summary>An answer of some version. What the door cannot do now it is asked again.</summary>
        public Task<AdsAnswer> AnswerAsync() => UntilAsync(
            async () =>
            {
                try
                {
                    AdsAnswer answer = await _client.AdsAsync(RequestOf(1));
                    return answer.Version is null ? null : answer;
                }
                catch (RecallException e) when (e.IsTransient)
                {
                    return null;
                }
            },
            $"{address} answers");

        public void Dispose()
        {
            _http.Dispose();
            _client.Dispose();
        }

        private Task<JsonNode> RolloutAsync() => UntilAsync(
            async () =>
            {
                using HttpResponseMessage response = await _http.GetAsync(new Uri(Path, UriKind.Relative));
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                    return null;
                Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
                return (await response.Content.ReadFromJsonAsync<JsonNode>())!["rollout"];
            },
            $"{address} tells its versions");
    }

    private static AdsRequest RequestOf(int number) => new()
    {
        User = new AdsUser { Id = FaultMarket.UserOf(number) }, Slots = [new AdsSlot { Id = "s" }],
    };

    /// <summary>Asks one request after the other, in turn at the doors, until it is over.</summary>
    private sealed class Asking : IAsyncDisposable
    {
        private readonly ConcurrentQueue<AdsAnswer> _answers = new();
        private readonly Task _running;
        private volatile bool _isOver;

        public Asking(Doors doors) => _running = AskAsync(doors);

        /// <summary>Asks until a version has answered.</summary>
        /// <returns>All answers, in order.</returns>
        public async Task<AdsAnswer[]> UntilAnsweredWithAsync(string version)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (!_running.IsCompleted && !_answers.Any(answer => answer.Version == version))
                await Task.Delay(Look, patience.Token);
            _isOver = true;
            await _running;
            return [.. _answers];
        }

        public async ValueTask DisposeAsync()
        {
            _isOver = true;
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task AskAsync(Doors doors)
        {
            for (int number = 0; !_isOver; number++)
            {
                try
                {
                    _answers.Enqueue(await doors.Next().Client.AdsAsync(RequestOf(number)));
                }
                catch (RecallException e) when (e.IsTransient)
                {
                    // Turned away: on a machine that has too much to do that may be, and it is no answer.
                }
                await Task.Delay(Pause);
            }
        }
    }
}
