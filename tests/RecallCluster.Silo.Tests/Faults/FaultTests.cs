using RecallCluster.Testing;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>
/// A cluster of three silo processes and a Redis, under load, and what can go wrong with it. What is acknowledged is never lost and never
/// counted twice, and no budget is overspent, however slow the machine is. How many requests are answered is looked at with
/// <c>./recall test --faults</c>, on a machine that has nothing else to do.
/// </summary>
[Collection(FaultSuite.Name)]
[TestCaseOrderer(InOrder.TypeName, "RecallCluster.Silo.Tests")]
[Trait("Category", "Faults")]
public sealed class FaultTests(FaultSuite suite, ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. FaultSettings.Current.Names];

    [ClusterTheory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_lost_and_requests_are_answered(string name)
    {
        FaultFigures seen = await suite.TryAsync(Fault.All.Single(fault => fault.Name == name));
        string table = FaultReport.Table([seen]);
        output.WriteLine(table);
        Assert.True(seen.IsCorrect, table);
        Assert.True(!FaultSettings.Current.IsThorough || seen.IsGood, table);
    }

    /// <summary>Tests of processes that are sent signals; skipped, saying so, where that cannot be.</summary>
    private sealed class ClusterTheoryAttribute : TheoryAttribute
    {
        public ClusterTheoryAttribute() => Skip = LinuxProcesses.WhyNot ?? InstalledPrograms.WhyNot(InstalledPrograms.Redis);
    }
}

/// <summary>Faults come in their own order: those that share a cluster one after the other.</summary>
public sealed class InOrder : ITestCaseOrderer
{
    public const string TypeName = "RecallCluster.Silo.Tests.Faults.InOrder";

    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase => testCases.OrderBy(
            test => Fault.All.TakeWhile(fault => !fault.Name.Equals(test.TestMethodArguments?.FirstOrDefault())).Count());
}

/// <summary>The market, the cluster of the fault that was tried last, and all figures so far. It has the machine to itself.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultSuite : ICollectionFixture<FaultSuite>, IAsyncLifetime
{
    public const string Name = "faults";
    private static readonly TimeSpan TimeToStart = TimeSpan.FromMinutes(10);

    private readonly List<FaultFigures> _figures = [];
    private FaultMarket? _market;
    private FaultStage? _stage;

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Tries a fault as often as is wanted; what goes wrong with a turn ends this fault, not the suite.</summary>
    internal async Task<FaultFigures> TryAsync(Fault fault)
    {
        FaultSettings settings = FaultSettings.Current;
        var turns = new List<FaultTurnFigures>();
        string? error = null;
        try
        {
            FaultStage stage = await StageAsync(fault.Plan, settings.Rate);
            for (int turn = 0; turn < settings.Turns; turn++)
                turns.Add(await new FaultRun(stage, fault, settings).TryAsync(turn));
        }
        // Whatever it is, it is this fault's result, and the next fault gets a cluster of its own.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            error = e.Message;
        }
        var seen = new FaultFigures(fault.Name, fault.Title, fault.TakesAllDoors, turns, error);
        if (!seen.IsCorrect)
            await CloseAsync();
        _figures.Add(seen);
        if (settings.Out is { } path)
            FaultReport.Write(path, settings, _figures);
        return seen;
    }

    /// <summary>The market, made by whoever asks first.</summary>
    internal async Task<FaultMarket> MarketAsync() => _market ??= await FaultMarket.MakeAsync();

    public async Task DisposeAsync()
    {
        await CloseAsync();
        _market?.Dispose();
    }

    private async Task<FaultStage> StageAsync(FaultPlan plan, double rate)
    {
        if (_stage is { } open && open.Cluster.Plan == plan)
            return open;
        await CloseAsync();
        return _stage = await FaultStage.OpenAsync(plan, await MarketAsync(), rate, TimeToStart);
    }

    private async Task CloseAsync()
    {
        if (_stage is { } open)
            await open.DisposeAsync();
        _stage = null;
    }
}
