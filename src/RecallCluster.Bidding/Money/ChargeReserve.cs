namespace RecallCluster.Bidding.Money;

/// <summary>
/// What won ads may still cost: the sum of expected charges plus a stated number of standard deviations of that sum. Holding the whole
/// click price for every ad would at a pCTR of 1 % hold a hundred times the expected spend, and the budget could never be spent. Sums are
/// integers, so what was added can be taken out again exactly.
/// </summary>
internal sealed class ChargeReserve(double tailDeviations)
{
    private const double ProbabilityUnits = 1e12;
    private const double VarianceUnits = 1e6;
    private Int128 _mean, _variance;

    /// <summary>The amount to hold, rounded up.</summary>
    public Micros Amount => With(default);

    /// <summary>The amount to hold with one more ad.</summary>
    public Micros With(in Charge charge)
    {
        Int128 mean = checked(_mean + charge.Mean), variance = checked(_variance + charge.Variance);
        double tail = variance == 0 ? 0 : tailDeviations * Math.Sqrt((double)variance / VarianceUnits);
        Int128 units = (Int128)ProbabilityUnits;
        return Micros.Ceiling(tail) + new Micros(checked((long)((mean + units - 1) / units)));
    }

    public void Add(in Charge charge)
    {
        _mean = checked(_mean + charge.Mean);
        _variance = checked(_variance + charge.Variance);
    }

    public void Remove(in Charge charge)
    {
        _mean -= charge.Mean;
        _variance -= charge.Variance;
    }

    /// <summary>
    /// A price that is charged with some probability: its mean in 10^-12 and its variance in 10^-6 micro-units (squared), rounded up.
    /// </summary>
    internal readonly struct Charge(Micros price, double probability)
    {
        public Int128 Mean { get; } = (Int128)price.Value * (long)Math.Ceiling(probability * ProbabilityUnits);

        public Int128 Variance { get; } =
            (Int128)price.Value * price.Value * (long)Math.Ceiling(probability * (1 - probability) * VarianceUnits);
    }
}
