using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Shards;

/// <summary>An index' versions and where its replicas are, as its log keeps it: a command is all of it anew.</summary>
internal sealed class IndexPlan(string key) : IStateMachine
{
    /// <summary>All of it.</summary>
    public PlanState State { get; private set; } = new();

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        State = record.Read(GrainsJson.Default.PlanState);
        return new Applied(true);
    }

    /// <inheritdoc/>
    public byte[] Snapshot() => JsonSerializer.SerializeToUtf8Bytes(State, GrainsJson.Default.PlanState);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot) => State = GrainsJson.Read(snapshot.ToArray(), GrainsJson.Default.PlanState, key);
}

/// <summary>What <see cref="IndexPlan"/> holds.</summary>
internal sealed record PlanState
{
    /// <summary>Number of roll-outs so far.</summary>
    public int RollOuts { get; init; }

    /// <summary>What requests are answered with.</summary>
    public IndexVersion? Current { get; init; }

    /// <summary>What they were answered with before.</summary>
    public IndexVersion? Previous { get; init; }

    /// <summary>Replicas of each shard.</summary>
    public int Replicas { get; init; }

    /// <summary>The silo of each replica, by "shard/replica".</summary>
    public Dictionary<string, string>? Silos { get; init; }
}
