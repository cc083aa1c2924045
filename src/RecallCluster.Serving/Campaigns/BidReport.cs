using System.Text.Json.Serialization;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// What a gateway did for a campaign since its last report. Sums are over auctions, with predictions as they were bid with; what was
/// charged is not
/// in it, that the campaign knows from its ledger.
/// </summary>
public sealed record BidReport
{
    /// <summary>Auctions in which the campaign could have bid.</summary>
    public required long Auctions { get; init; }

    /// <summary>Auctions won.</summary>
    public required long Wins { get; init; }

    /// <summary>Value of those won: pCTR, pCTR·pCVR or 1, by the campaign's product.</summary>
    public required double Value { get; init; }

    /// <summary>
    /// By KPI, the sum over auctions won of its numerator: for a cost-related KPI the expected cost (price times the probability that it is
    /// charged), in
    /// units of the currency; else q (1 an impression). As many as the product has KPIs.
    /// </summary>
    [JsonRequired]
    public IReadOnlyList<double> Numerators { get; init; } = [];

    /// <summary>By KPI, the sum over auctions won of its denominator: pCTR.</summary>
    [JsonRequired]
    public IReadOnlyList<double> Denominators { get; init; } = [];

    /// <summary>A sample of the auctions, won or not, in order; at most <see cref="MaxSample"/>.</summary>
    [JsonRequired]
    public IReadOnlyList<AuctionSample> Sample { get; init; } = [];

    /// <summary>How many auctions each of the sample stands for; above 0.</summary>
    [JsonRequired]
    public double SampleWeight { get; init; } = 1;

    /// <summary>The conversion probability that was bid with; 0 for none.</summary>
    [JsonRequired]
    public double ConversionProbability { get; init; }

    /// <summary>The most sampled auctions of one report.</summary>
    public const int MaxSample = 1024;

    /// <exception cref="InvalidRequestException">A number makes no sense.</exception>
    internal void Check()
    {
        Require(Auctions >= 0 && Wins >= 0 && Wins <= Auctions, "report.wins", "is between 0 and the auctions");
        Require(IsAmount(Value), "report.value", "is finite, 0 or more");
        Require(Numerators.Count == Denominators.Count, "report.denominators", "has one for each numerator");
        Require(Numerators.All(IsAmount) && Denominators.All(IsAmount), "report.numerators", "and denominators are finite, 0 or more");
        Require(Sample.Count <= MaxSample, "report.sample", $"has at most {MaxSample} auctions");
        Require(Sample.All(one => one.ClickProbability is >= 0 and <= 1 && IsAmount(one.Cost)), "report.sample",
            "has a probability and a cost of 0 or more in each");
        Require(SampleWeight > 0 && double.IsFinite(SampleWeight), "report.sampleWeight", "is finite and above 0");
        Require(ConversionProbability is >= 0 and <= 1, "report.conversionProbability", "is between 0 and 1");
    }

    private static bool IsAmount(double value) => value >= 0 && double.IsFinite(value);

    private static void Require(bool condition, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException(field, rule);
    }
}

/// <summary>One auction that a campaign could have won.</summary>
/// <param name="ClickProbability">Calibrated pCTR of its best ad.</param>
/// <param name="Cost">Cost per impression of winning, expected: what it would have taken to win, in units of the currency.</param>
public readonly record struct AuctionSample(float ClickProbability, float Cost);
