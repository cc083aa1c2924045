using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Machines;

/// <summary>What kind of machine a host keeps.</summary>
/// <typeparam name="TMachine">The machine.</typeparam>
/// <param name="Key">Its key in the store, such as "campaign/17".</param>
/// <param name="Make">Makes it, without memory.</param>
internal sealed record MachineKind<TMachine>(string Key, Func<TMachine> Make)
    where TMachine : class, IStateMachine
{
    /// <summary>The machines that a command concerns which was applied, by key; null where nobody follows.</summary>
    public Func<JournalRecord, IReadOnlyList<string>>? FollowersOf { get; init; }

    /// <summary>Whether the sender of a command waits for a follower, by its key; null where for all. Each is told once anyway.</summary>
    public Func<string, bool>? WaitsFor { get; init; }

    /// <summary>Told of the machine that is there from now on, whenever it was loaded anew.</summary>
    public Action<TMachine>? Opened { get; init; }

    /// <summary>Told when what others have written of the machine cannot be read here; it takes no commands then.</summary>
    public Action<InvalidDataException>? Refused { get; init; }
}
