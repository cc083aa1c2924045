using RecallCluster.Http.Tokens;

namespace RecallCluster.Http.Tracking;

/// <summary>Tracking tokens: how they are signed and how long they are good for, by the business clock.</summary>
public sealed record TrackingOptions
{
    /// <summary>The keys; null for one that is gone with the process.</summary>
    public TokenKeyRing? Keys { get; init; }

    /// <summary>Where the keys were read from, to follow what is changed there; null for keys that stay as they are.</summary>
    public string? KeysPath { get; init; }

    /// <summary>From the auction to the last impression that counts. Campaigns may have shorter windows of their own.</summary>
    public TimeSpan ImpressionLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>From the auction to the last click that counts.</summary>
    public TimeSpan ClickLifetime { get; init; } = TimeSpan.FromDays(2);

    /// <summary>From the auction to the last conversion that counts.</summary>
    public TimeSpan ConversionLifetime { get; init; } = TimeSpan.FromDays(31);

    internal TimeSpan LifetimeOf(Serving.Feedback.AdEventKind kind) => kind switch
    {
        Serving.Feedback.AdEventKind.Click => ClickLifetime,
        Serving.Feedback.AdEventKind.Conversion or Serving.Feedback.AdEventKind.Engagement => ConversionLifetime,
        _ => ImpressionLifetime,
    };
}
