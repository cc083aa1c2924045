using RecallCluster.Serving.Experiments;

namespace RecallCluster.Serving.Tests.Experiments;

/// <summary>Experiments to test with.</summary>
internal static class Trial
{
    /// <summary>An experiment on everybody: a control, and an arm with a treatment.</summary>
    public static ExperimentSettings Settings(long id, Treatment? treatment = null) => new()
    {
        Id = id,
        Name = $"experiment {id}",
        Layer = "search",
        Share = 1,
        Arms = [new ExperimentArm("as is", 1), new ExperimentArm("other", 1, treatment ?? new Treatment { Candidates = 7 })],
    };

    /// <summary>A set of running experiments that counts nowhere in particular.</summary>
    public static ExperimentSet Set(params ExperimentSettings[] running) =>
        new(running, settings => new ExposureMeter(settings.Arms.Count));
}
