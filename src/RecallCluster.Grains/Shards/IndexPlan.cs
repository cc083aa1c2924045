using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Shards;

/// <summary>An index' versions and where its replicas are.</summary>
internal sealed class IndexPlan(string key) : IStateMachine
{
    /// <summary>All of it.</summary>
    public PlanState State { get; private set; } = new();

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        PlanCommand command = record.Read(GrainsJson.Default.PlanCommand);
        if (command.Rollout is { } changed && !changed.Follows(State.Rollout))
            return new Applied(false);
        State = State with { Rollout = command.Rollout ?? State.Rollout, Replicas = command.Replicas ?? State.Replicas };
        if (command.Place is { } place && command.Silo is { } silo)
            State = State with { Silos = new Dictionary<string, string>(State.Silos) { [place] = silo } };
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
    /// <summary>The versions.</summary>
    public RolloutState<IndexVersion, ShadowLimits> Rollout { get; init; } = new();

    /// <summary>Replicas of each shard.</summary>
    public int Replicas { get; init; }

    /// <summary>The silo of each replica, by "shard/replica".</summary>
    public Dictionary<string, string> Silos { get; init; } = [];
}

/// <summary>A change of a plan; what is null stays as it is.</summary>
internal sealed record PlanCommand
{
    /// <summary>The versions.</summary>
    public RolloutState<IndexVersion, ShadowLimits>? Rollout { get; init; }

    /// <summary>Replicas of each shard.</summary>
    public int? Replicas { get; init; }

    /// <summary>A replica, "shard/replica", whose silo is <see cref="Silo"/>.</summary>
    public string? Place { get; init; }

    /// <summary>The silo.</summary>
    public string? Silo { get; init; }
}
