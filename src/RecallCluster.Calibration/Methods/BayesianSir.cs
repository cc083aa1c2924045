using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Bayes-SIR: SIR whose bins start at a prior and move with evidence. A bin of a context with k positives of n takes
/// (k + s·m) / (n + s), m being what the parent's map says of the bin (campaign -> advertiser -> everything) and s the strength that
/// Beta-binomial maximum likelihood finds over all bins of that level. A context is placed as a whole first (its parent's map with the
/// odds shifted), then its bins around that; one with little data has only the first, one without any its parent's map.
/// </summary>
/// <remarks>
/// The root's own prior is the raw prediction with its overall odds put right (one parameter). Idea of smoothing the rate of a new
/// campaign by an empirical Beta prior: Alimama's Bayes-SIR, after Wang et al. (KDD 2011). This project's: priors that follow the
/// parent's map instead of one Beta for all bins, which would flatten the map; and, for a context as a whole, a mixture of strengths.
/// </remarks>
public sealed class BayesianSir : ICalibrator
{
    /// <summary>Strength of a level with fewer than <see cref="FewestUnits"/> bins: too few to tell how much they differ.</summary>
    public const double DefaultStrength = 1000;

    /// <summary>Fewest bins of a level whose strength is fitted.</summary>
    public const int FewestUnits = 5;

    private const double PositivesPerContextBin = 20;

    private readonly int _bins;
    private readonly double? _strength;

    /// <summary>A calibrator with at most <paramref name="bins"/> bins per map.</summary>
    /// <param name="bins">Most bins of a map; a context gets one per 20 positives, at least one.</param>
    /// <param name="strength">A fixed strength (prior impressions per bin) in place of the fitted ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is not positive.</exception>
    public BayesianSir(int bins = SmoothedIsotonicRegression.DefaultBins, double? strength = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        if (strength is { } fixedStrength && !(fixedStrength > 0 && double.IsFinite(fixedStrength)))
            throw new ArgumentOutOfRangeException(nameof(strength), strength, "A strength must be finite and above 0.");
        _bins = bins;
        _strength = strength;
    }

    /// <inheritdoc/>
    public string Name => "bayes-sir";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        SortedDictionary<string, CalibrationCounts> tree = counts.RollUp();
        CellSummary[] all = tree[ContextCounts.Root].Summarise();
        if (all.Length == 0)
            return new CalibrationModel(Name, CalibrationMap.Identity);
        PiecewiseLinearMap root = FitRoot(tree[ContextCounts.Root], all);
        var maps = new Dictionary<string, PiecewiseLinearMap>(StringComparer.Ordinal) { [ContextCounts.Root] = root };
        foreach (IGrouping<int, string> level in tree.Keys.Where(path => path.Length > 0).GroupBy(Depth).OrderBy(group => group.Key))
            FitLevel([.. level], tree, maps);
        maps.Remove(ContextCounts.Root);
        return new CalibrationModel(
            Name, root, maps.ToDictionary(pair => pair.Key, pair => (CalibrationMap)pair.Value, StringComparer.Ordinal));
    }

    private static int Depth(string path) => path.Count(c => c == '/');

    private PiecewiseLinearMap FitRoot(CalibrationCounts counts, CellSummary[] cells)
    {
        LogisticMap prior = new LogisticCells(counts).ShiftOfOdds();
        List<PriorBin> bins = PriorBin.Derive(cells, _bins, prior);
        double strength = Strength(bins);
        double[] x = [.. bins.Select(bin => bin.Bin.MeanPrediction)];
        return MonotoneCurve.ThroughPoints(x, Posteriors(bins, strength));
    }

    // First where a context stands as a whole (one bin: the odds of its parent's map are shifted), then its bins around that. Evidence on a
    // bias that all bins share would otherwise be split among them, each too weak to move.
    private void FitLevel(string[] level, SortedDictionary<string, CalibrationCounts> tree, Dictionary<string, PiecewiseLinearMap> maps)
    {
        var shifted = new List<(string Context, CellSummary[] Cells, PiecewiseLinearMap Map)>();
        var wholes = new List<(string Context, CellSummary[] Cells, PriorBin Whole)>();
        foreach (string context in level)
        {
            CellSummary[] cells = tree[context].Summarise();
            if (cells.Length > 0)
                wholes.Add((context, cells, PriorBin.Derive(cells, 1, ParentMap(context, maps))[0]));
        }
        StrengthMixture mixture = Mixture([.. wholes.Select(whole => whole.Whole.AsUnit())]);
        foreach ((string context, CellSummary[] cells, PriorBin whole) in wholes)
        {
            PiecewiseLinearMap shift = MonotoneCurve.ThroughPoints([whole.PriorMean], [mixture.Posterior(whole.AsUnit())]);
            shifted.Add((context, cells, MonotoneCurve.Compose(shift, ParentMap(context, maps))));
        }
        FitBins(shifted, maps);
    }

    private void FitBins(
        List<(string Context, CellSummary[] Cells, PiecewiseLinearMap Map)> contexts, Dictionary<string, PiecewiseLinearMap> maps)
    {
        var binned = new List<(string Context, PiecewiseLinearMap Map, List<PriorBin> Bins)>();
        foreach ((string context, CellSummary[] cells, PiecewiseLinearMap map) in contexts)
        {
            int bins = (int)Math.Clamp(cells.Sum(cell => cell.Positives) / PositivesPerContextBin, 1, _bins);
            List<PriorBin> derived = bins > 1 ? PriorBin.Derive(cells, bins, map) : [];
            if (derived.Count > 1)
                binned.Add((context, map, derived));
            else
                maps[context] = map;
        }
        double strength = Strength(binned.SelectMany(context => context.Bins));
        foreach ((string context, PiecewiseLinearMap map, List<PriorBin> bins) in binned)
        {
            double[] priorMeans = [.. bins.Select(bin => bin.PriorMean)];
            maps[context] = MonotoneCurve.Compose(MonotoneCurve.ThroughPoints(priorMeans, Posteriors(bins, strength)), map);
        }
    }

    private StrengthMixture Mixture(BetaBinomial.Unit[] units)
    {
        if (_strength is { } fixedStrength)
            return StrengthMixture.Single(fixedStrength);
        return units.Length < FewestUnits ? StrengthMixture.Single(DefaultStrength) : StrengthMixture.Fit(units);
    }

    private static PiecewiseLinearMap ParentMap(string context, Dictionary<string, PiecewiseLinearMap> maps)
    {
        string? path = ContextCounts.Parent(context);
        while (path is not null)
        {
            if (maps.TryGetValue(path, out PiecewiseLinearMap? map))
                return map;
            path = ContextCounts.Parent(path);
        }
        throw new InvalidOperationException("The root has no map.");
    }

    private double Strength(IEnumerable<PriorBin> bins)
    {
        if (_strength is { } fixedStrength)
            return fixedStrength;
        BetaBinomial.Unit[] units = [.. bins.Select(bin => bin.AsUnit())];
        return units.Length < FewestUnits ? DefaultStrength : BetaBinomial.FitStrength(units);
    }

    private static double[] Posteriors(List<PriorBin> bins, double strength)
    {
        double[] posteriors = [.. bins.Select(bin => bin.Posterior(strength))];
        double[] weights = [.. bins.Select(bin => bin.Bin.Weight + strength)];
        PoolAdjacentViolators.Fit(posteriors, weights);
        return posteriors;
    }
}
