using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Rollouts;

/// <summary>
/// A roll-out's state, kept as state machines are: a command is the state that is to take the place of the one before, and does so only if
/// it was worked out from that one. Commands come one at a time; the state may be read by any thread.
/// </summary>
/// <typeparam name="TVersion">What is rolled out.</typeparam>
/// <typeparam name="TLimits">What it must show.</typeparam>
/// <param name="key">The machine's name.</param>
/// <param name="type">How the state is written.</param>
/// <param name="first">What is in use before anything was rolled out; null for nothing, then the first version is not compared.</param>
internal sealed class RolloutPlan<TVersion, TLimits>(
    string key, JsonTypeInfo<RolloutState<TVersion, TLimits>> type, TVersion? first = null) : IStateMachine
    where TVersion : class, IRolledVersion
    where TLimits : class
{
    private RolloutState<TVersion, TLimits> _state = new() { Current = first };

    /// <summary>Told of the state whenever there is another one.</summary>
    public Action<RolloutState<TVersion, TLimits>>? Changed { get; init; }

    /// <summary>The machine's name.</summary>
    public string Key => key;

    /// <summary>How it stands.</summary>
    public RolloutState<TVersion, TLimits> State => Volatile.Read(ref _state);

    /// <summary>A state as the command that puts it in place; the answer is whether it followed.</summary>
    public byte[] Write(RolloutState<TVersion, TLimits> state) => JsonSerializer.SerializeToUtf8Bytes(state, type);

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        RolloutState<TVersion, TLimits> next = record.Read(type);
        if (!next.Follows(State))
            return new Applied(false);
        Take(next);
        return new Applied(true);
    }

    /// <inheritdoc/>
    public byte[] Snapshot() => Write(State);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot) =>
        Take(SnapshotSections.ReadJson(snapshot, type, $"The snapshot of {key}"));

    private void Take(RolloutState<TVersion, TLimits> next)
    {
        Volatile.Write(ref _state, next);
        Changed?.Invoke(next);
    }
}
