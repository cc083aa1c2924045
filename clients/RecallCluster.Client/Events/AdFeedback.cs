namespace RecallCluster.Client;

/// <summary>
/// One thing that happened to an ad that was delivered. Its identity is that of what it tells (the delivery, the kind, the number): however
/// often it is sent, it counts once.
/// </summary>
public sealed record AdFeedback
{
    private AdFeedback()
    {
    }

    /// <summary>The signed token of the delivery.</summary>
    public string Token { get; private init; } = "";

    /// <summary>What happened, where the token does not say it; else null.</summary>
    public string? Kind { get; private init; }

    /// <summary>Tells conversions, or engagements, of one delivery apart; null for the first.</summary>
    public ulong? Number { get; private init; }

    /// <summary>Signals of an engagement; else null.</summary>
    public IReadOnlyList<double>? Signals { get; private init; }

    /// <summary>The ad was shown.</summary>
    /// <exception cref="ArgumentException">The ad was delivered in a trial and has no tracking.</exception>
    public static AdFeedback Impression(AdsPlaced ad) => new() { Token = TokenOf(TrackingOf(ad).Impression) };

    /// <summary>The ad was clicked.</summary>
    /// <exception cref="ArgumentException">The ad was delivered in a trial and has no tracking.</exception>
    public static AdFeedback Click(AdsPlaced ad) => new() { Token = TokenOf(TrackingOf(ad).Click) };

    /// <summary>A click led to what the advertiser wants.</summary>
    /// <param name="ad">The ad.</param>
    /// <param name="number">0 for the first conversion, 1 for the second, ...</param>
    /// <exception cref="ArgumentException">The ad was delivered in a trial and has no tracking.</exception>
    public static AdFeedback Conversion(AdsPlaced ad, ulong number = 0) => new()
    {
        Token = TokenOf(TrackingOf(ad).Conversion),
        Number = number == 0 ? null : number,
    };

    /// <summary>What the user did after a click.</summary>
    /// <param name="ad">The ad.</param>
    /// <param name="signals">Dwell, pages, ...: as the door's model of conversions was told.</param>
    /// <exception cref="ArgumentException">The ad was delivered in a trial and has no tracking.</exception>
    public static AdFeedback Engagement(AdsPlaced ad, IReadOnlyList<double> signals) => new()
    {
        Token = TokenOf(TrackingOf(ad).Conversion),
        Kind = "engagement",
        Signals = signals,
    };

    private static AdsTracking TrackingOf(AdsPlaced ad)
    {
        ArgumentNullException.ThrowIfNull(ad);
        return ad.Tracking ?? throw new ArgumentException($"Ad {ad.AdId} was delivered in a trial: it has no tracking.", nameof(ad));
    }

    private static string TokenOf(string url) => url[(url.LastIndexOf('/') + 1)..];
}

/// <summary>What became of an event. Money is in units of the currency.</summary>
/// <param name="Outcome">"applied", "duplicate", "pending", another outcome of the campaign's ledger, or "refused".</param>
/// <param name="Reason">Why it was refused; else null.</param>
/// <param name="Charged">What it cost.</param>
/// <param name="Free">The part of its price that no budget was left for.</param>
public sealed record FeedbackResult(string Outcome, string? Reason, decimal Charged, decimal Free)
{
    /// <summary>Whether it was applied now.</summary>
    public bool IsApplied => Outcome == "applied";

    /// <summary>Whether it had been applied before.</summary>
    public bool IsDuplicate => Outcome == "duplicate";

    /// <summary>Whether it was accepted for good while its campaign could not be told: what it costs is decided later.</summary>
    public bool IsPending => Outcome == "pending";
}

/// <summary>Body of a batch of events.</summary>
internal sealed record FeedbackBatch(IReadOnlyList<AdFeedback> Events);

/// <summary>Answer to a batch of events.</summary>
internal sealed record FeedbackResults(IReadOnlyList<FeedbackResult> Results);
