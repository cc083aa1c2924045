namespace RecallCluster.Client;

/// <summary>An ad as it can be shown.</summary>
public sealed record AdResource
{
    /// <summary>The campaign that pays for it.</summary>
    public required long CampaignId { get; init; }

    /// <summary>Categories of its content (IAB codes).</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>What is shown.</summary>
    public required AdsCreative Creative { get; init; }

    /// <summary>Where a click leads; http or https.</summary>
    public required string LandingPage { get; init; }

    /// <summary>Whether it is held back.</summary>
    public bool? IsPaused { get; init; }
}
