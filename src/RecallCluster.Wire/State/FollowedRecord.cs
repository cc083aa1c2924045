using MessagePack;

namespace RecallCluster.Wire.State;

/// <summary>A command that one machine applied and another follows.</summary>
/// <param name="Sequence">Its place in the log of the machine that applied it, from 1.</param>
/// <param name="Verdict">What that machine made of it; 0 for a command that was applied.</param>
/// <param name="Payload">The command, as JSON.</param>
[MessagePackObject]
public sealed record FollowedRecord(
    [property: Key(0)] long Sequence,
    [property: Key(1)] byte Verdict,
    [property: Key(2)] byte[] Payload);
