using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Feedback;

/// <summary>What an event means to a campaign's ledger.</summary>
internal static class Charging
{
    /// <summary>The ledger's event. Its id follows from win, kind and number, so that one that comes again is known.</summary>
    public static FeedbackEvent EventOf(AdEvent adEvent)
    {
        Win win = adEvent.Win;
        FeedbackKind kind = KindOf(adEvent.Kind);
        return new FeedbackEvent(IdOf(win.Id, kind, adEvent.Number), kind, win.Lease, win.AuctionAt, PriceOf(adEvent));
    }

    /// <summary>What an event costs: a click the price of a win per click, an impression that of any other; nothing else costs.</summary>
    public static Micros PriceOf(AdEvent adEvent)
    {
        Win win = adEvent.Win;
        if (win.IsBidOnly)
            return adEvent.Kind == AdEventKind.Impression ? Micros.Min(adEvent.ClearingPrice ?? win.Price, win.Price) : Micros.Zero;
        return adEvent.Kind == (win.IsPerClick ? AdEventKind.Click : AdEventKind.Impression) ? win.Price : Micros.Zero;
    }

    /// <summary>Whether a win's charge is known with an event: that it was not shown after all tells it, too.</summary>
    public static bool Settles(AdEvent adEvent) =>
        adEvent.Kind == AdEventKind.Loss
        || adEvent.Kind == (adEvent.Win.IsPerClick && !adEvent.Win.IsBidOnly ? AdEventKind.Click : AdEventKind.Impression);

    /// <summary>Whether an event tells that a win was shown, or that it was not.</summary>
    public static bool Acknowledges(AdEvent adEvent) => adEvent.Kind is AdEventKind.Impression or AdEventKind.Loss;

    private static FeedbackKind KindOf(AdEventKind kind) => kind switch
    {
        AdEventKind.Impression => FeedbackKind.Impression,
        AdEventKind.Click => FeedbackKind.Click,
        AdEventKind.Conversion => FeedbackKind.Conversion,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A ledger knows impressions, clicks and conversions."),
    };

    // An ad is shown once and pays for one click; only conversions can be many. The mixing is SplitMix64's.
    private static UInt128 IdOf(UInt128 win, FeedbackKind kind, ulong number)
    {
        ulong mixed = ((ulong)kind + 1) * 0x9E3779B97F4A7C15 + (kind == FeedbackKind.Conversion ? number : 0);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return win ^ new UInt128(ulong.RotateLeft(mixed, 32) * 0x9E3779B97F4A7C15, mixed);
    }
}
