using System.Text.Json;
using RecallCluster.Silo.Tests.Faults;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests;

/// <summary>A round of <c>recall retrain</c> beside two silo processes, which compare its version on live requests and decide.</summary>
[Collection(FaultSuite.Name)]
public sealed class RetrainTests(FaultSuite suite)
{
    private const string AllRoles = "gateway,retrieval,control";
    private const int Compared = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // How well a model of so few examples finds, and how long that takes beside everything else, says nothing: that it is compared does.
    private static readonly string[] Anything =
    [
        "--rollout:share=1", "--rollout:leastValue=0", "--rollout:mostValue=1000000", "--rollout:leastOverlap=0",
        "--rollout:mostLatency=1000000", "--rollout:mostFailures=1", "--rollout:leastTrialRecall=0",
    ];

    [RedisFact]
    public async Task A_round_is_compared_on_live_requests_and_every_door_answers_from_its_version()
    {
        FaultMarket market = await suite.MarketAsync();
        await using Served served = await Served.StartAsync(market, Anything);
        string began = await served.VersionAsync();

        RecallProgram round = await served.RetrainAsync(market);

        Assert.True(round.ExitCode == 0, round.Error);
        Assert.Equal("switched", round.Json.GetProperty("outcome").GetString());
        Assert.InRange(round.Json.GetProperty("figures").GetProperty("requests").GetInt32(), Compared, int.MaxValue);
        JsonElement running = (await served.RolloutAsync()).GetProperty("running");
        Assert.Equal(round.Json.GetProperty("name").GetString(), running.GetProperty("name").GetString());
        string version = running.GetProperty("version").GetString()!;
        Assert.NotEqual(began, version);
        await served.UntilAnswersWithAsync(version);
    }

    [RedisFact]
    public async Task A_version_that_live_requests_speak_against_is_told_with_the_reason_and_the_old_one_goes_on()
    {
        FaultMarket market = await suite.MarketAsync();
        // It would have to find the very ads that the running one finds.
        await using Served served = await Served.StartAsync(market, [.. Anything, "--rollout:leastOverlap=1"]);
        string began = await served.VersionAsync();

        RecallProgram round = await served.RetrainAsync(market);

        Assert.Equal(("refused", 1), (round.Json.GetProperty("outcome").GetString(), round.ExitCode));
        string name = round.Json.GetProperty("name").GetString()!;
        Assert.Matches($"error: Version {name} was refused: .*overlap.*at least 1", round.Error);
        Assert.InRange(round.Json.GetProperty("figures").GetProperty("requests").GetInt32(), Compared, int.MaxValue);
        JsonElement rollout = await served.RolloutAsync();
        Assert.Equal(name, rollout.GetProperty("last").GetProperty("version").GetProperty("name").GetString());
        Assert.Equal(began, rollout.GetProperty("running").GetProperty("version").GetString());
        Assert.Equal(began, await served.VersionAsync());
    }

    /// <summary>Two silos of all roles, each with a door, and a directory of versions of their own.</summary>
    private sealed class Served : IAsyncDisposable
    {
        private readonly Scratch _folder = new();
        private readonly DoorCaller[] _doors = [new(), new()];
        private readonly List<RunningSilo> _silos = [];
        private RedisServer? _redis;

        private string Versions => _folder["versions"];

        public static async Task<Served> StartAsync(FaultMarket market, string[] limits)
        {
            var served = new Served();
            try
            {
                await served.StartSilosAsync(market, limits);
                return served;
            }
            catch
            {
                await served.DisposeAsync();
                throw;
            }
        }

        /// <summary>Runs a round while ads are asked for at both doors.</summary>
        public async Task<RecallProgram> RetrainAsync(FaultMarket market)
        {
            Task<RecallProgram> round = RecallProgram.RunAsync(
                "retrain", "--data", market.Data, "--versions", Versions, "--url", _doors[0].Address.ToString(), "--once", "--epochs", "1",
                "--requests", $"{Compared}");
            for (int number = 0; !round.IsCompleted; number++)
            {
                // A door that has too much to do at the moment may say so: the next request goes to the other one.
                await _doors[number % _doors.Length].AskAsync(FaultMarket.UserOf(number));
                await Task.WhenAny(round, Task.Delay(Pause));
            }
            return await round;
        }

        /// <summary>The one version that both doors answer with.</summary>
        public async Task<string> VersionAsync()
        {
            string[] versions = await Task.WhenAll(_doors.Select(door => door.VersionAsync(FaultMarket.UserOf(1))));
            return Assert.Single(versions.Distinct());
        }

        /// <summary>Waits until both doors answer with a version.</summary>
        public Task UntilAnswersWithAsync(string version) => Task.WhenAll(_silos.Zip(
            _doors,
            (silo, door) => silo.UntilAsync(
                async () => await door.VersionAsync(FaultMarket.UserOf(1)) == version, $"answering with version {version}")));

        public async Task<JsonElement> RolloutAsync() => (await _doors[0].GetAsync("v1/indexes")).GetProperty("rollout");

        public async ValueTask DisposeAsync()
        {
            foreach (RunningSilo silo in _silos)
                await silo.DisposeAsync();
            if (_redis is not null)
                await _redis.DisposeAsync();
            foreach (DoorCaller door in _doors)
                door.Dispose();
            _folder.Dispose();
        }

        private async Task StartSilosAsync(FaultMarket market, string[] limits)
        {
            Directory.CreateDirectory(Versions);
            _redis = await RedisServer.StartedAsync();
            string[] settings =
            [
                .. market.Settings, .. FaultMarket.ClockFromNow(), $"--directories:versions={Versions}", $"--directories:data={market.Data}",
                // Training beside them takes their processors, and doors must not take that for too many requests.
                "--http:latencySeconds=0.1", .. limits,
            ];
            for (int i = 0; i < _doors.Length; i++)
                _silos.Add(RunningSilo.Start(SiloSeat.Of($"silo-{i + 1}", _redis.Address, AllRoles), [.. settings, .. _doors[i].Settings]));
            await Task.WhenAll(_silos.Select(silo => silo.UntilReadyAsync(_silos.Count)));
        }
    }
}
