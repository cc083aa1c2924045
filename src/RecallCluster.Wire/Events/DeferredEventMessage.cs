using MessagePack;

namespace RecallCluster.Wire.Events;

/// <summary>An event as the stream <c>feedback</c> keeps it until its campaign was told.</summary>
[MessagePackObject]
public sealed record DeferredEventMessage
{
    /// <summary>The newest format.</summary>
    public const int NewestFormat = 1;

    /// <summary>The format that it was written in; a later one is not read.</summary>
    [Key(0)]
    public required int Format { get; init; }

    /// <summary>When it was accepted, in ticks of UTC by the business clock of the door.</summary>
    [Key(1)]
    public required long At { get; init; }

    /// <summary>The event.</summary>
    [Key(2)]
    public required EventMessage Event { get; init; }
}
