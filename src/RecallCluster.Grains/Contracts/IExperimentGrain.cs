using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Wire.Experiments;

namespace RecallCluster.Grains.Contracts;

/// <summary>What is counted of one experiment. Key: its id, in decimal digits. What it answers is durable.</summary>
[Alias("recall.experiment"), Version(1)]
public interface IExperimentGrain : IFollowerGrain
{
    /// <summary>Takes what a gateway answered under its arms, as the JSON that the log keeps.</summary>
    /// <returns>Whether it was counted; not one that was counted before.</returns>
    [Alias("Report")]
    Task<bool> ReportAsync(byte[] exposures);

    /// <summary>All counts, as the machine's snapshot.</summary>
    [Alias("Counts"), AlwaysInterleave]
    Task<byte[]> CountsAsync();
}

/// <summary>
/// All experiments: which users each takes, in one place for the whole cluster, because those of a layer must not share any. Key: 0. What
/// it answers is durable.
/// </summary>
[Alias("recall.experiments"), Version(1)]
public interface IExperimentListGrain : IGrainWithIntegerKey
{
    /// <summary>Takes a command, as the JSON that the log keeps.</summary>
    [Alias("Tell")]
    Task<ExperimentReply> TellAsync(byte[] command);

    /// <summary>All experiments, as JSON.</summary>
    [Alias("List"), AlwaysInterleave]
    Task<byte[]> ListAsync();

    /// <summary>Waits until there is something new, at most some seconds.</summary>
    /// <param name="life">The life that the reader's place is of.</param>
    /// <param name="place">What the reader knows; 0 for nothing.</param>
    /// <returns>All experiments; null where nothing is new.</returns>
    [Alias("Next"), AlwaysInterleave]
    Task<ExperimentsMessage?> NextAsync(Guid life, long place);
}
