using MessagePack;

namespace RecallCluster.Wire.State;

/// <summary>All of a machine's memory at one place of its log, with what it has heard of others and what it still has to tell.</summary>
[MessagePackObject]
public sealed record MachineSnapshot
{
    /// <summary>The newest format that this program reads.</summary>
    public const int NewestFormat = 1;

    /// <summary>The format; one that is newer than <see cref="NewestFormat"/> must not be read.</summary>
    [Key(0)]
    public required int Format { get; init; }

    /// <summary>The machine's own bytes.</summary>
    [Key(1)]
    public required byte[] State { get; init; }

    /// <summary>The last sequence heard of each machine that it follows.</summary>
    [Key(2)]
    public required IReadOnlyDictionary<string, long> Heard { get; init; }

    /// <summary>What its followers have not confirmed, by follower, in order.</summary>
    [Key(3)]
    public required IReadOnlyDictionary<string, FollowedRecord[]> Untold { get; init; }

    /// <summary>The last number of each of those who wrote lately.</summary>
    [Key(4)]
    public required IReadOnlyDictionary<Guid, long> Written { get; init; }
}
