using MessagePack;

namespace RecallCluster.Wire.Users;

/// <summary>What is remembered of a user.</summary>
[MessagePackObject]
public sealed record UserMessage
{
    /// <summary>Ads clicked, oldest first.</summary>
    [Key(0)]
    public required string[] Sequence { get; init; }

    /// <summary>Whether the data may be used; null when the user never said.</summary>
    [Key(1)]
    public bool? Consent { get; init; }

    /// <summary>Whether the user was erased and has not consented since.</summary>
    [Key(2)]
    public bool IsErased { get; init; }

    /// <summary>Campaigns of the impressions that caps count, oldest first.</summary>
    [Key(3)]
    public required long[] ExposureCampaigns { get; init; }

    /// <summary>When each was, in ticks of UTC.</summary>
    [Key(4)]
    public required long[] ExposureTimes { get; init; }
}
