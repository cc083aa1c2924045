using Orleans.CodeGeneration;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Contracts;

/// <summary>Follows what another machine applied.</summary>
[Version(1)]
public interface IFollowerGrain : IGrainWithStringKey
{
    /// <summary>Takes note of records; those that it knows are passed over. Durable when this completes.</summary>
    /// <param name="source">The machine that applied them, such as "campaign/17".</param>
    /// <param name="records">The records, in order.</param>
    [Alias("Follow")]
    Task FollowAsync(string source, FollowedRecord[] records);
}
