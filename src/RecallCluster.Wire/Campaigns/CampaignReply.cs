using MessagePack;

namespace RecallCluster.Wire.Campaigns;

/// <summary>What became of a change of a campaign.</summary>
[MessagePackObject]
public sealed record CampaignReply
{
    /// <summary>The campaign afterwards, as JSON; null where it was refused.</summary>
    [Key(0)]
    public byte[]? View { get; init; }

    /// <summary>The field that was refused; null for none.</summary>
    [Key(1)]
    public string? RefusedField { get; init; }

    /// <summary>Why it was refused; null where it was not.</summary>
    [Key(2)]
    public string? Refusal { get; init; }

    /// <summary>The version that there is, where another one was wanted; null for no conflict.</summary>
    [Key(3)]
    public long? ConflictingVersion { get; init; }
}
