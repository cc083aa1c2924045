using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Serving.Feedback;

/// <summary>
/// An ad that was delivered: all that its later events must carry, so that nothing has to be remembered of it in between.
/// </summary>
public sealed record Win
{
    /// <summary>The win, drawn at random.</summary>
    public required UInt128 Id { get; init; }

    /// <summary>The request.</summary>
    public required string RequestId { get; init; }

    /// <summary>The campaign that pays.</summary>
    public required long CampaignId { get; init; }

    /// <summary>The ad.</summary>
    public required string AdId { get; init; }

    /// <summary>The user, or null.</summary>
    public string? UserId { get; init; }

    /// <summary>The gateway that delivered it.</summary>
    public required int Gateway { get; init; }

    /// <summary>The lease that it was won under.</summary>
    public required long Lease { get; init; }

    /// <summary>When, by the gateway's business clock.</summary>
    public required DateTimeOffset AuctionAt { get; init; }

    /// <summary>What is charged, for a click or for the impression; in somebody else's auction the most that may be.</summary>
    public required Micros Price { get; init; }

    /// <summary>Whether a click is charged; else the impression.</summary>
    public required bool IsPerClick { get; init; }

    /// <summary>Whether somebody else's auction decided on the price.</summary>
    public bool IsBidOnly { get; init; }

    /// <summary>The click probability before calibration, in (0, 1).</summary>
    public required double RawClickProbability { get; init; }

    /// <summary>Which <see cref="Serving.ClickModel"/> <see cref="RawClickProbability"/> is of.</summary>
    public uint ClickModel { get; init; }

    /// <summary>The click probability that was bid with.</summary>
    public required double ClickProbability { get; init; }

    /// <summary>The conversion probability of a click before calibration; 0 for none.</summary>
    public double RawConversionProbability { get; init; }

    /// <summary>The conversion probability of a click that was bid with; 0 for none.</summary>
    public double ConversionProbability { get; init; }

    /// <summary>Position in its slot.</summary>
    public int Position { get; init; }

    /// <summary>The arms of experiments that the user was in, one of each; null for none.</summary>
    public IReadOnlyList<WonArm>? Arms { get; init; }
}
