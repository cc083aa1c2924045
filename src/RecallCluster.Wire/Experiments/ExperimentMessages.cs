using MessagePack;

namespace RecallCluster.Wire.Experiments;

/// <summary>What became of a command to the list of experiments.</summary>
[MessagePackObject]
public sealed record ExperimentReply
{
    /// <summary>The experiment that it concerned, afterwards, as a JSON list of one; null where it was refused, or there is none.</summary>
    [Key(0)]
    public byte[]? Definition { get; init; }

    /// <summary>The field that was refused; null for none.</summary>
    [Key(1)]
    public string? RefusedField { get; init; }

    /// <summary>Why it was refused; null where it was not.</summary>
    [Key(2)]
    public string? Refusal { get; init; }

    /// <summary>The version that there is, where another one was wanted; null for no conflict.</summary>
    [Key(3)]
    public long? ConflictingVersion { get; init; }

    /// <summary>The list's life: places of different lives cannot be compared.</summary>
    [Key(4)]
    public Guid Life { get; init; }

    /// <summary>Where readers of the list find the change.</summary>
    [Key(5)]
    public long Place { get; init; }
}

/// <summary>All experiments, for a reader that does not know them as they are.</summary>
/// <param name="Life">Drawn whenever the list was loaded.</param>
/// <param name="Place">The place that this brings a reader to.</param>
/// <param name="Definitions">The experiments, as a JSON list.</param>
[MessagePackObject]
public sealed record ExperimentsMessage(
    [property: Key(0)] Guid Life,
    [property: Key(1)] long Place,
    [property: Key(2)] byte[] Definitions);
