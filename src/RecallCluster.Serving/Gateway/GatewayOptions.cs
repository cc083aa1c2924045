namespace RecallCluster.Serving.Gateway;

/// <summary>How a gateway answers.</summary>
public sealed record GatewayOptions
{
    /// <summary>
    /// Ads that come back from retrieval and are bid for in a request of one slot, two of each campaign at most, so that fifty campaigns
    /// compete for it; every further slot adds a quarter as many. More: a few per cent more value where many stand back, and more time.
    /// </summary>
    public int Candidates { get; init; } = 100;

    /// <summary>The most ads of one advertiser in one request.</summary>
    public int MaxAdsPerAdvertiser { get; init; } = int.MaxValue;

    /// <summary>The part of a deadline that is kept for what comes after the search.</summary>
    public double AuctionShare { get; init; } = 0.1;

    /// <summary>
    /// Share of one processor, 0 to 1, that goes into telling campaigns of auctions that they did not bid in; a few requests of every
    /// report are looked at in any case. More: controllers of campaigns that bid little see more of their market; 0: none, and a campaign
    /// that bids nothing sees nothing and stays so.
    /// </summary>
    public double SurveyShare { get; init; } = 0.02;

    /// <summary>Number of this gateway among all that spend from the same campaigns.</summary>
    public int Number { get; init; }

    /// <summary>Candidates of a request of so many slots, where one slot has so many.</summary>
    internal static int CandidatesOf(int slots, int candidates) => (int)Math.Min(int.MaxValue, candidates + ((slots - 1L) * candidates / 4));

    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Candidates);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxAdsPerAdvertiser);
        ArgumentOutOfRangeException.ThrowIfNegative(Number);
        if (!(SurveyShare is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(SurveyShare), SurveyShare, "The share is in [0, 1].");
        if (!(AuctionShare >= 0 && AuctionShare < 1))
            throw new ArgumentOutOfRangeException(nameof(AuctionShare), AuctionShare, "The share is in [0, 1).");
    }
}
