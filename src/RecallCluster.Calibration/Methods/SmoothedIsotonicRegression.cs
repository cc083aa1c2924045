using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// SIR (Deng et al., "Calibrating User Response Predictions in Online Advertising", ECML PKDD 2020): equal-frequency bins by raw
/// prediction; each bin's observed rate; pool-adjacent-violators over the bins weighted by impressions; a smooth never descending curve
/// through the points (bin's mean prediction, isotonic value). Strictly increasing: ties inside a pooled block are broken by a slope of
/// 1e-6.
/// </summary>
/// <remarks>
/// How many bins the counts can bear is their own matter: of some numbers of bins, and of the straight line in the logit as the smoothest
/// curve of all, the one with the least AIC is taken (Akaike, 1974; a pooled block counts as one parameter). Few clicks then give few
/// bins or the line, many clicks as many bins as the error's shape asks for. Between bins the curve is straight in the logit.
/// </remarks>
public sealed class SmoothedIsotonicRegression : ICalibrator
{
    /// <summary>Most bins when nothing else is asked for.</summary>
    public const int DefaultBins = 100;

    private static readonly int[] Sizes = [4, 6, 8, 12, 16, 24, 32, 48, 64];

    private readonly int _bins;
    private readonly bool _asGiven;

    /// <summary>SIR with at most <paramref name="bins"/> bins.</summary>
    /// <param name="bins">
    /// Most bins; fewer come out where one grid cell holds more than its share. One bin shifts the odds of everything alike.
    /// </param>
    /// <param name="asGiven">
    /// Whether to take that many in any case, with straight lines between them, as published, rather than as many as the counts bear.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bins"/> is not positive.</exception>
    public SmoothedIsotonicRegression(int bins = DefaultBins, bool asGiven = false)
    {
        if (bins <= 0)
            throw new ArgumentOutOfRangeException(nameof(bins), bins, "SIR needs at least one bin.");
        _bins = bins;
        _asGiven = asGiven;
    }

    /// <inheritdoc/>
    public string Name => "sir";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return new CalibrationModel(Name, FitMap(counts.Total()));
    }

    /// <summary>The map alone, from counts of one context.</summary>
    public CalibrationMap FitMap(CalibrationCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        CellSummary[] cells = counts.Summarise();
        if (cells.Length == 0)
            return CalibrationMap.Identity;
        if (_asGiven || _bins == 1)
            return Curve(cells, _bins).Map;
        IEnumerable<Candidate> curves = Sizes.Where(size => size < _bins).Append(_bins).Select(size => Curve(cells, size));
        return curves.Concat(Line(counts)).MinBy(candidate => Criterion(candidate, cells)).Map;
    }

    private Candidate Curve(CellSummary[] cells, int bins)
    {
        Bin[] derived = EqualFrequencyBins.Derive(cells, bins);
        var x = new double[derived.Length];
        var rates = new double[derived.Length];
        var weights = new double[derived.Length];
        for (int i = 0; i < derived.Length; i++)
        {
            x[i] = derived[i].MeanPrediction;
            rates[i] = derived[i].Rate;
            weights[i] = derived[i].Weight;
        }
        int blocks = PoolAdjacentViolators.Fit(rates, weights);
        return new Candidate(MonotoneCurve.ThroughPoints(x, rates, straightInLogit: !_asGiven), blocks);
    }

    /// <summary>The line, unless it would descend or a single cell tells no slope.</summary>
    private static IEnumerable<Candidate> Line(CalibrationCounts counts)
    {
        var cells = new LogisticCells(counts);
        if (cells.IsConstant)
            yield break;
        double[] fit = cells.Fit(p => [Probability.Logit(p)], [1, 0]);
        if (fit[0] > 0)
            yield return new Candidate(new LogisticMap(fit[0], fit[0], fit[1]), 2);
    }

    private static double Criterion(Candidate candidate, CellSummary[] cells)
    {
        double logLikelihood = 0;
        foreach (CellSummary cell in cells)
        {
            double p = Probability.Clip(candidate.Map.Apply(cell.MeanPrediction));
            logLikelihood += (cell.Positives * Math.Log(p)) + ((cell.Weight - cell.Positives) * Math.Log(1 - p));
        }
        return 2 * (candidate.Parameters - logLikelihood);
    }

    private readonly record struct Candidate(CalibrationMap Map, int Parameters);
}
