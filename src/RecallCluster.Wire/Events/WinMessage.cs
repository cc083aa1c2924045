using MessagePack;

namespace RecallCluster.Wire.Events;

/// <summary>An ad that was delivered: all that its later events must carry.</summary>
[MessagePackObject]
public sealed record WinMessage
{
    /// <summary>High half of the win's id.</summary>
    [Key(0)]
    public required ulong IdHigh { get; init; }

    /// <summary>Low half of it.</summary>
    [Key(1)]
    public required ulong IdLow { get; init; }

    /// <summary>The request.</summary>
    [Key(2)]
    public required string RequestId { get; init; }

    /// <summary>The campaign that pays.</summary>
    [Key(3)]
    public required long CampaignId { get; init; }

    /// <summary>The ad.</summary>
    [Key(4)]
    public required string AdId { get; init; }

    /// <summary>The user; null for nobody.</summary>
    [Key(5)]
    public string? UserId { get; init; }

    /// <summary>The gateway that delivered it.</summary>
    [Key(6)]
    public required int Gateway { get; init; }

    /// <summary>The lease that it was won under.</summary>
    [Key(7)]
    public required long Lease { get; init; }

    /// <summary>When, in ticks of UTC by the gateway's business clock.</summary>
    [Key(8)]
    public required long AuctionAt { get; init; }

    /// <summary>What is charged, in micro-units of the currency.</summary>
    [Key(9)]
    public required long Price { get; init; }

    /// <summary>Whether a click is charged; else the impression.</summary>
    [Key(10)]
    public required bool IsPerClick { get; init; }

    /// <summary>Whether somebody else's auction decided on the price.</summary>
    [Key(11)]
    public bool IsBidOnly { get; init; }

    /// <summary>The click probability before calibration.</summary>
    [Key(12)]
    public required double RawClickProbability { get; init; }

    /// <summary>The click model that it is of.</summary>
    [Key(13)]
    public uint ClickModel { get; init; }

    /// <summary>The click probability that was bid with.</summary>
    [Key(14)]
    public required double ClickProbability { get; init; }

    /// <summary>The conversion probability before calibration; 0 for none.</summary>
    [Key(15)]
    public double RawConversionProbability { get; init; }

    /// <summary>The conversion probability that was bid with; 0 for none.</summary>
    [Key(16)]
    public double ConversionProbability { get; init; }

    /// <summary>Position in its slot.</summary>
    [Key(17)]
    public int Position { get; init; }

    /// <summary>The arms of experiments that the user was in; null for none.</summary>
    [Key(18)]
    public WonArmMessage[]? Arms { get; init; }
}

/// <summary>An arm that an ad was won under.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Arm">Place of the arm among the experiment's.</param>
[MessagePackObject]
public readonly record struct WonArmMessage([property: Key(0)] long Experiment, [property: Key(1)] int Arm);
