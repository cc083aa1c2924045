using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Metrics;

namespace RecallCluster.Serving.Calibration;

/// <summary>Reliability rows from counts.</summary>
internal static class CountedReliability
{
    private const double Z95 = 1.959963984540054;

    /// <summary>Rows of about equally many impressions, with the rate's 95 % Wilson interval.</summary>
    public static ReliabilityRow[] Rows(CalibrationCounts counts, int bins)
    {
        if (counts.IsEmpty)
            return [];
        Bin[] derived = EqualFrequencyBins.Derive(counts, bins);
        return [.. derived.Select(RowOf)];
    }

    private static ReliabilityRow RowOf(Bin bin)
    {
        double rate = bin.Rate, count = bin.Weight, square = Z95 * Z95;
        double centre = (rate + (square / (2 * count))) / (1 + (square / count));
        double spread = Z95 * Math.Sqrt((rate * (1 - rate) / count) + (square / (4 * count * count))) / (1 + (square / count));
        return new ReliabilityRow(
            (int)Math.Min(int.MaxValue, count), bin.MeanPrediction, rate, Math.Clamp(centre - spread, 0, rate),
                Math.Clamp(centre + spread, rate, 1));
    }
}
