using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Browser.Tests;

/// <summary>An experiment with results, or none.</summary>
internal sealed class MadeUpExperiments(bool isAny) : IExperiments
{
    public Task<IReadOnlyList<ExperimentView>> ListAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ExperimentView>>(isAny ? [LessSearch()] : []);

    public Task<ExperimentView?> FindAsync(long id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ExperimentView> PutAsync(ExperimentSettings settings, long? ifVersion, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<ExperimentView?> StopAsync(long id, long? ifVersion, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<bool> DeleteAsync(long id, long? ifVersion, CancellationToken cancellation) => throw new NotSupportedException();

    private static ExperimentView LessSearch() => new()
    {
        Settings = new ExperimentSettings
        {
            Id = 17,
            Name = "Less <b>search</b>",
            Layer = "search",
            Share = 1,
            Arms = [new ExperimentArm("as tuned", 1), new ExperimentArm("less", 1, new Treatment { MaxScorings = 50 })],
        },
        Version = 1,
        StartedAt = DateTimeOffset.UnixEpoch,
        Results = new ExperimentResults(
            [Arm("as tuned", null, null), Arm("less", new Lift(0.01, -0.02, 0.04), new Lift(-0.12, -0.15, -0.09))], 0, 0.4),
    };

    private static ArmResult Arm(string name, Lift? clicks, Lift? revenue) => new()
    {
        Name = name,
        Requests = 1_000,
        Answered = 990,
        Ads = 990,
        Impressions = 980,
        Clicks = 30,
        Conversions = 2,
        Spend = Micros.FromUnits(6),
        ClickRate = new ArmRatio(30 / 980.0, clicks),
        ConversionRate = new ArmRatio(2 / 30.0, null),
        RevenuePerThousand = new ArmRatio(6, revenue),
    };
}
