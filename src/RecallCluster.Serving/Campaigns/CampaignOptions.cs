namespace RecallCluster.Serving.Campaigns;

/// <summary>How campaigns are run.</summary>
public sealed record CampaignOptions
{
    /// <summary>Ticks of a whole day, 24 to 96. More: the controller reacts sooner, to noisier sums.</summary>
    public int TicksPerDay { get; init; } = 48;

    /// <summary>
    /// Sampled auctions that are kept of each tick, for controllers that plan and for the next day. 8 bytes each, two days, every campaign.
    /// </summary>
    public int SamplesPerTick { get; init; } = 64;

    /// <summary>Days whose reports are kept.</summary>
    public int DayReports { get; init; } = 35;

    /// <summary>How often, by the business clock, it is looked whether a tick is due.</summary>
    public TimeSpan TickCheck { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The market as a campaign without a history sees it, until enough clicks were charged to know it.</summary>
    public MarketLevel Market { get; init; } = new();

    /// <summary>The longest span of a frequency rule.</summary>
    public TimeSpan LongestCap { get; init; } = TimeSpan.FromDays(30);

    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    internal void Check()
    {
        if (TicksPerDay is < 24 or > 96)
            throw new ArgumentOutOfRangeException(nameof(TicksPerDay), TicksPerDay, "A day has 24 to 96 ticks.");
        ArgumentOutOfRangeException.ThrowIfLessThan(SamplesPerTick, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(DayReports, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(TickCheck, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(LongestCap, TimeSpan.Zero);
        if (!(Market.CostPerClick > 0 && Market.ClickRate is > 0 and < 1 && Market.ConversionRate is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(Market), Market,
                "A market has a cost per click above 0 and rates between 0 and 1.");
    }
}
