using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Experiments;

/// <summary>What came of an experiment so far.</summary>
/// <param name="Arms">By arm.</param>
/// <param name="Control">Place of the arm that the others are compared with.</param>
/// <param name="SampleRatioP">
/// The probability that requests fell on the arms at least as far from their weights by chance; below 0.001 no other figure can be trusted.
/// </param>
public sealed record ExperimentResults(IReadOnlyList<ArmResult> Arms, int Control, double SampleRatioP)
{
    /// <summary>What counts say.</summary>
    internal static ExperimentResults Of(ExperimentSettings settings, ExperimentCounts counts)
    {
        ArmSums[] arms = [.. settings.Arms.Select((_, arm) => arm < counts.Arms.Count ? counts.Arms[arm] : new ArmSums())];
        ArmSums control = arms[settings.Control];
        return new ExperimentResults(
            [.. arms.Select((arm, place) => ArmResult.Of(settings.Arms[place].Name, arm, place == settings.Control ? null : control))],
            settings.Control,
            SampleRatio.PValue([.. arms.Select(arm => arm.Requests)], [.. settings.Arms.Select(arm => arm.Weight)]));
    }
}

/// <summary>What came of one arm.</summary>
public sealed record ArmResult
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Requests of its users that were answered; without trials.</summary>
    public required long Requests { get; init; }

    /// <summary>Those of them that were answered with ads.</summary>
    public required long Answered { get; init; }

    /// <summary>Ads that they were answered with.</summary>
    public required long Ads { get; init; }

    /// <summary>Ads shown.</summary>
    public required long Impressions { get; init; }

    /// <summary>Clicks.</summary>
    public required long Clicks { get; init; }

    /// <summary>Conversions.</summary>
    public required long Conversions { get; init; }

    /// <summary>What the events cost; what of it no budget was left for is in it, too.</summary>
    public required Micros Spend { get; init; }

    /// <summary>Clicks by impression.</summary>
    public required ArmRatio ClickRate { get; init; }

    /// <summary>Conversions by click.</summary>
    public required ArmRatio ConversionRate { get; init; }

    /// <summary>Spend by a thousand requests, in units of the currency.</summary>
    public required ArmRatio RevenuePerThousand { get; init; }

    /// <summary>What an arm's sums say.</summary>
    /// <param name="name">The arm.</param>
    /// <param name="sums">Its sums.</param>
    /// <param name="control">Those that it is compared with; null for the control itself.</param>
    internal static ArmResult Of(string name, ArmSums sums, ArmSums? control) => new()
    {
        Name = name,
        Requests = sums.Requests.Sum(),
        Answered = sums.Answered.Sum(),
        Ads = sums.Ads.Sum(),
        Impressions = sums.Impressions.Sum(),
        Clicks = sums.Clicks.Sum(),
        Conversions = sums.Conversions.Sum(),
        Spend = new Micros(sums.Spend.Sum()),
        ClickRate = Ratio(sums, control, arm => arm.Clicks, arm => arm.Impressions),
        ConversionRate = Ratio(sums, control, arm => arm.Conversions, arm => arm.Clicks),
        RevenuePerThousand = Ratio(sums, control, arm => arm.Spend, arm => arm.Requests, 1000.0 / Micros.PerUnit),
    };

    private static ArmRatio Ratio(
        ArmSums sums, ArmSums? control, Func<ArmSums, long[]> numerators, Func<ArmSums, long[]> denominators, double scale = 1)
    {
        double denominator = denominators(sums).Sum();
        return new ArmRatio(
            denominator > 0 ? scale * numerators(sums).Sum() / denominator : null,
            control is null
                ? null : RatioLift.Of(numerators(sums), denominators(sums), numerators(control), denominators(control)));
    }
}

/// <summary>A ratio of an arm.</summary>
/// <param name="Value">The ratio; null where it is of nothing.</param>
/// <param name="Lift">Compared with the control; null for the control itself, and where there is too little to tell.</param>
public readonly record struct ArmRatio(double? Value, Lift? Lift);
