using MessagePack;

namespace RecallCluster.Wire.Shards;

/// <summary>What a gateway asks of a shard.</summary>
[MessagePackObject]
public sealed record ShardQueryMessage
{
    /// <summary>The version that prepared the state; the shard answers with this version or not at all.</summary>
    [Key(0)]
    public required string Version { get; init; }

    /// <summary>Prepared user state: single-precision numbers, little-endian.</summary>
    [Key(1)]
    public required ReadOnlyMemory<byte> UserState { get; init; }

    /// <summary>How many ads to return.</summary>
    [Key(2)]
    public required int K { get; init; }

    /// <summary>Most ads that may be scored; null for what the index was tuned to.</summary>
    [Key(3)]
    public int? MaxScorings { get; init; }

    /// <summary>Time left when it was sent, in ticks of 100 ns; null for no limit.</summary>
    [Key(4)]
    public long? TimeLeft { get; init; }

    /// <summary>Ids of ads near which good ones are likely; null for none.</summary>
    [Key(5)]
    public string[]? Seeds { get; init; }

    /// <summary>Ids of ads that must not be returned; null for none.</summary>
    [Key(6)]
    public string[]? Exclude { get; init; }

    /// <summary>Eligibility, for a ranking by value; null for one by interest.</summary>
    [Key(7)]
    public ValueQueryMessage? Value { get; init; }
}

/// <summary>Asks for the ads of highest expected value.</summary>
[MessagePackObject]
public sealed record ValueQueryMessage
{
    /// <summary>A bit for each campaign number: 64-bit words, little-endian.</summary>
    [Key(0)]
    public required ReadOnlyMemory<byte> Campaigns { get; init; }

    /// <summary>A bit for each facet number, likewise.</summary>
    [Key(1)]
    public required ReadOnlyMemory<byte> Facets { get; init; }

    /// <summary>Slope of the scale from scores to logits.</summary>
    [Key(2)]
    public required double ScaleSlope { get; init; }

    /// <summary>Its shift.</summary>
    [Key(3)]
    public required double ScaleShift { get; init; }

    /// <summary>Most ads of one campaign in the answer; 0 for no limit.</summary>
    [Key(4)]
    public int MostPerCampaign { get; init; }

    /// <summary>Whether the click probability ranks instead of the bid.</summary>
    [Key(5)]
    public bool ByClick { get; init; }
}

/// <summary>What a shard found: columns, best ad first.</summary>
[MessagePackObject]
public sealed record ShardAnswerMessage
{
    /// <summary>Ids of the ads.</summary>
    [Key(0)]
    public required string[] Ids { get; init; }

    /// <summary>Their scores: single-precision numbers, little-endian.</summary>
    [Key(1)]
    public required ReadOnlyMemory<byte> Scores { get; init; }

    /// <summary>Their values, likewise.</summary>
    [Key(2)]
    public required ReadOnlyMemory<byte> Values { get; init; }

    /// <summary>Their campaigns' numbers, -1 for none: 32-bit numbers, little-endian.</summary>
    [Key(3)]
    public required ReadOnlyMemory<byte> Campaigns { get; init; }

    /// <summary>Distinct ads scored.</summary>
    [Key(4)]
    public required int Scorings { get; init; }

    /// <summary>What cut the search short, as flags.</summary>
    [Key(5)]
    public required int Limits { get; init; }
}
