using RecallCluster.Bidding.Money;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>A tiny world with model, index and market, made once for all tests of what goes wrong.</summary>
public sealed class FaultWorld : IAsyncLifetime, IDisposable
{
    /// <summary>
    /// Campaigns, with ids from 1. Odd ones pay for clicks, even ones for impressions; those from <see cref="FirstPoor"/> on run dry.
    /// </summary>
    public const int Campaigns = 12;

    public const int FirstPoor = 9;
    private const int Ads = 1_000;

    private readonly TrainedWorld _world = new();
    private int _states;

    internal TrainedWorld Trained => _world;

    public string Model => _world.Models;

    public string Index => _world.IndexDirectory;

    public string Market => _world["market"];

    /// <summary>A path for a state file that is not there yet.</summary>
    public string NewState() => _world[$"state-{Interlocked.Increment(ref _states)}.db"];

    public async Task InitializeAsync()
    {
        await _world.InitializeAsync();
        Assert.Equal((0, 0), (_world.Index.ExitCode, _world.Tune.ExitCode));
        SmallMarket.Write(Market, Campaigns, Ads, id => new Micros(id < FirstPoor ? 1_000_000_000 : 500_000), 0.05);
    }

    public Task DisposeAsync() => _world.DisposeAsync();

    public void Dispose() => _world.Dispose();
}

/// <summary>Tests with real processes do not run beside one another: they are about faults, not about who gets the processors.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultSuite : ICollectionFixture<FaultWorld>
{
    public const string Name = "faults";
}
