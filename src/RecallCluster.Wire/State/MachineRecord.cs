using MessagePack;

namespace RecallCluster.Wire.State;

/// <summary>One record of a machine's log: a command addressed to it, or one that it follows.</summary>
[MessagePackObject]
public sealed record MachineRecord
{
    /// <summary>The newest format that this program reads.</summary>
    public const int NewestFormat = 1;

    /// <summary>Who wrote it: one life of one host of the machine.</summary>
    [Key(0)]
    public required Guid Writer { get; init; }

    /// <summary>The command, as JSON.</summary>
    [Key(1)]
    public required byte[] Payload { get; init; }

    /// <summary>The machine that a followed command was addressed to; null for a command of this machine's own.</summary>
    [Key(2)]
    public string? Source { get; init; }

    /// <summary>The followed command's place in the log of <see cref="Source"/>, from 1.</summary>
    [Key(3)]
    public long SourceSequence { get; init; }

    /// <summary>What <see cref="Source"/> made of it; 0 for a command that was applied.</summary>
    [Key(4)]
    public byte Verdict { get; init; }

    /// <summary>Grows with each record of <see cref="Writer"/>: tells it whether a record is in the log when the answer was lost.</summary>
    [Key(5)]
    public required long Number { get; init; }

    /// <summary>
    /// The format; one that is newer than <see cref="NewestFormat"/> must not be read. A command that a machine did not know before either
    /// has a kind of its own, which earlier readers refuse, or a newer format, where commands of that machine name no kind. Fields that
    /// may be passed over want neither. 0 in records of before there was a number.
    /// </summary>
    [Key(6)]
    public int Format { get; init; }
}
