namespace RecallCluster.AdServer;

/// <summary>An ad that a door delivered to a page.</summary>
/// <param name="Campaign">The campaign that pays.</param>
/// <param name="Ad">The ad's number in the simulated world.</param>
/// <param name="Slot">The page's slot that it is for, 0 first.</param>
/// <param name="RawClickProbability">The click probability before calibration; NaN where the door does not tell.</param>
/// <param name="ClickProbability">The click probability that it was bid with.</param>
/// <param name="ConversionProbability">The conversion probability of a click that it was bid with.</param>
/// <param name="Handle">What the door needs to know it again by.</param>
public sealed record Delivery(
    long Campaign, int Ad, int Slot, double RawClickProbability, double ClickProbability, double ConversionProbability, object Handle);

/// <summary>What happened to a delivered ad.</summary>
public enum PageEvent
{
    /// <summary>It was shown.</summary>
    Impression,

    /// <summary>It was clicked.</summary>
    Click,

    /// <summary>The first minutes after the click are over.</summary>
    Engagement,

    /// <summary>The click led to a conversion.</summary>
    Conversion,
}

/// <summary>What a door said of an event.</summary>
/// <param name="Fate">Whether it counted.</param>
/// <param name="Charged">What it cost, in units of the currency.</param>
public readonly record struct Acknowledgement(EventFate Fate, decimal Charged);

/// <summary>Whether an event counted.</summary>
public enum EventFate
{
    /// <summary>It was applied.</summary>
    Applied,

    /// <summary>It had been applied before.</summary>
    Duplicate,

    /// <summary>It was accepted and will be applied; what it costs was not told.</summary>
    Pending,

    /// <summary>It came too late, or the door does not know what it belongs to.</summary>
    Refused,

    /// <summary>The door never said that it is durable.</summary>
    Lost,
}
