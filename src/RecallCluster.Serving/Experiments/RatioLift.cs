namespace RecallCluster.Serving.Experiments;

/// <summary>How much higher a ratio is under a treatment than under the control, as a share of the control's.</summary>
/// <param name="Value">The lift: 0.05 for five per cent more.</param>
/// <param name="Low">Low end of its 95 % interval.</param>
/// <param name="High">High end of its 95 % interval.</param>
public readonly record struct Lift(double Value, double Low, double High);

/// <summary>
/// Lift of a ratio of sums, such as clicks over impressions, with an interval by the jackknife over blocks of users (Quenouille 1956, Tukey
/// 1958; Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 11): a block is left out of both arms at a time, and what that
/// changes tells the variance, whatever the requests of one user have in common.
/// </summary>
internal static class RatioLift
{
    /// <summary>
    /// Blocks of users in which both arms need something of what is counted: with fewer the scatter between blocks says next to nothing,
    /// and where an arm has none at all its interval would have no width.
    /// </summary>
    public const int FewestBlocks = 10;

    // Student's t, 97.5 %, for one degree less than there are blocks: from 9 degrees on.
    private static ReadOnlySpan<double> Quantiles =>
    [
        2.262157162798205, 2.228138851986274, 2.200985160091639, 2.178812829667227, 2.160368656462789, 2.144786687917804,
        2.131449545559775, 2.119905299221254, 2.109815577833317, 2.100922040241037, 2.093024054408311, 2.085963447265862,
        2.079613844727678, 2.073873067904025, 2.068657610419047, 2.063898561628022, 2.059538552753296, 2.055529438642870,
        2.051830516480285, 2.048407141795242, 2.045229642132706, 2.042272456301238, 2.039513446396409, 2.036933343460101,
        2.034515297449338, 2.032244509317717, 2.030107928250341, 2.028094000980450, 2.026192463029107, 2.024394163911971,
        2.022690920036758, 2.021075390306272, 2.019540970441376, 2.018081702818438, 2.016692199227825, 2.015367574443762,
        2.014103388880848, 2.012895598919429, 2.011740513729765, 2.010634757624229, 2.009575237129243,
    ];

    /// <summary>
    /// The lift; null where either arm has numerators above 0 in fewer than <see cref="FewestBlocks"/> blocks, or a ratio is of nothing,
    /// with a block left out or without. Blocks in which neither arm has anything tell nothing and are passed over.
    /// </summary>
    /// <param name="numerators">Of the treatment, by block; <see cref="UserSplit.Blocks"/> of them.</param>
    /// <param name="denominators">Of the treatment, by block.</param>
    /// <param name="controlNumerators">Of the control, by block.</param>
    /// <param name="controlDenominators">Of the control, by block.</param>
    public static Lift? Of(
        ReadOnlySpan<long> numerators, ReadOnlySpan<long> denominators, ReadOnlySpan<long> controlNumerators,
        ReadOnlySpan<long> controlDenominators)
    {
        if (Positive(numerators) < FewestBlocks || Positive(controlNumerators) < FewestBlocks)
            return null;
        double y = Sum(numerators), x = Sum(denominators), controlY = Sum(controlNumerators), controlX = Sum(controlDenominators);
        Span<double> without = stackalloc double[UserSplit.Blocks];
        int blocks = 0;
        double sum = 0;
        for (int b = 0; b < numerators.Length; b++)
        {
            if ((numerators[b] | denominators[b] | controlNumerators[b] | controlDenominators[b]) == 0)
                continue;
            without[blocks] = Value(
                y - numerators[b], x - denominators[b], controlY - controlNumerators[b], controlX - controlDenominators[b]);
            sum += without[blocks++];
        }
        if (!double.IsFinite(sum))
            return null;
        double mean = sum / blocks, squares = 0;
        foreach (double value in without[..blocks])
            squares += (value - mean) * (value - mean);
        double lift = Value(y, x, controlY, controlX);
        double margin = Quantiles[blocks - FewestBlocks] * Math.Sqrt(squares * (blocks - 1) / blocks);
        return new Lift(lift, lift - margin, lift + margin);
    }

    private static int Positive(ReadOnlySpan<long> values)
    {
        int positive = 0;
        foreach (long value in values)
            positive += value > 0 ? 1 : 0;
        return positive;
    }

    private static double Value(double y, double x, double controlY, double controlX) => (y / x / (controlY / controlX)) - 1;

    private static double Sum(ReadOnlySpan<long> values)
    {
        double sum = 0;
        foreach (long value in values)
            sum += value;
        return sum;
    }
}
