using MessagePack;

namespace RecallCluster.Wire.Events;

/// <summary>One thing that happened to a delivered ad.</summary>
[MessagePackObject]
public sealed record EventMessage
{
    /// <summary>What: 0 impression, 1 click, 2 conversion, 3 engagement, 4 loss.</summary>
    [Key(0)]
    public required int Kind { get; init; }

    /// <summary>The delivery that it belongs to.</summary>
    [Key(1)]
    public required WinMessage Win { get; init; }

    /// <summary>Tells events of one win and kind apart.</summary>
    [Key(2)]
    public ulong Number { get; init; }

    /// <summary>What somebody else's auction charges, in micro-units of the currency; null for ours.</summary>
    [Key(3)]
    public long? ClearingPrice { get; init; }

    /// <summary>Signals of an engagement; null for none.</summary>
    [Key(4)]
    public double[]? Signals { get; init; }
}

/// <summary>What became of an event.</summary>
/// <param name="Outcome">The ledger's outcome; 0 for one that was applied.</param>
/// <param name="Charged">What it cost, in micro-units of the currency.</param>
/// <param name="Free">The part of its price that no budget was left for, likewise.</param>
[MessagePackObject]
public sealed record EventReply(
    [property: Key(0)] int Outcome,
    [property: Key(1)] long Charged,
    [property: Key(2)] long Free);

/// <summary>What a gateway is told of a win that it delivered.</summary>
/// <param name="Event">What happened.</param>
/// <param name="Charged">What it cost, in micro-units of the currency.</param>
[MessagePackObject]
public sealed record SettlementMessage(
    [property: Key(0)] EventMessage Event,
    [property: Key(1)] long Charged);
