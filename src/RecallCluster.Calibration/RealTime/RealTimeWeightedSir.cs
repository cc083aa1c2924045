using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;

namespace RecallCluster.Calibration.RealTime;

/// <summary>
/// RTW-BSIR: Bayes-SIR whose bins follow the mix of contexts that is being served now. A bin's value is the mean of its contexts'
/// posteriors; training weighs them by the training window's mix, serving by the mix just counted, with clipped, self-normalised
/// importance weights (applied share / training share). Nothing is fitted again: a publication re-weighs and re-runs
/// pool-adjacent-violators over the bins.
/// </summary>
/// <remarks>
/// <code>
///  training window ──► Bayes-SIR ──► posterior[bin, context], share[bin, context] ──┐
///  impressions served ──► AppliedDistribution (constant time each) ─────────────────┴─► Publish ──► map ──► gateways
/// </code>
/// It mends a shift of the mix. A bias that moves inside one context stays: posteriors are from the training window, and only a new
/// fit moves them. After Alimama's real-time weighted Bayes-SIR. Immutable once fitted, hence safe to share.
/// </remarks>
public sealed class RealTimeWeightedSir
{
    /// <summary>Importance weights are cut to [1/this, this].</summary>
    public const double DefaultClip = 20;

    /// <summary>
    /// Impressions of training mix that every bin's applied counts start from, so that the first ones do not swing the map.
    /// </summary>
    public const double DefaultInertia = 50;

    private readonly CalibrationModel _bayes;
    private readonly int[] _binOfCell;
    private readonly double[] _x;
    private readonly double[] _binWeights;
    private readonly double[] _trainingShare;
    private readonly double[] _posterior;
    private readonly double[] _prior;
    private readonly Dictionary<string, int> _clusters = new(StringComparer.Ordinal);
    private readonly double _clip;
    private readonly double _inertia;

    /// <summary>Fits the training window.</summary>
    /// <param name="training">Counts by context; each context that holds counts of its own is one cluster of the mix.</param>
    /// <param name="bins">Most bins of the published map.</param>
    /// <param name="clip">Largest importance weight, at least 1; 1 leaves the training mix as it is.</param>
    /// <param name="inertia">Impressions of training mix added to each bin's applied counts; at least 0.</param>
    /// <exception cref="ArgumentException">The training window is empty: there is no mix to compare with.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public RealTimeWeightedSir(
        ContextCounts training,
        int bins = SmoothedIsotonicRegression.DefaultBins,
        double clip = DefaultClip,
        double inertia = DefaultInertia)
    {
        ArgumentNullException.ThrowIfNull(training);
        if (!(clip >= 1 && double.IsFinite(clip)))
            throw new ArgumentOutOfRangeException(nameof(clip), clip, "The largest importance weight must be finite and at least 1.");
        if (!(inertia >= 0 && double.IsFinite(inertia)))
            throw new ArgumentOutOfRangeException(nameof(inertia), inertia, "The inertia must be finite and at least 0.");
        if (training.IsEmpty)
            throw new ArgumentException("The training window is empty: there is no mix to compare the applied one with.", nameof(training));
        _clip = clip;
        _inertia = inertia;
        _bayes = new BayesianSir(bins).Fit(training);
        Bin[] derived = EqualFrequencyBins.Derive(training.Total(), bins);
        BinCount = derived.Length;
        _x = [.. derived.Select(bin => bin.MeanPrediction)];
        _binWeights = [.. derived.Select(bin => bin.Weight)];
        _binOfCell = BinOfCell(derived);
        string[] contexts = [.. training.Contexts.Where(context => !training.At(context).IsEmpty)];
        for (int i = 0; i < contexts.Length; i++)
            _clusters[contexts[i]] = i;
        _prior = [.. _x.Select(x => _bayes.Root.Apply(Math.Min(1, x)))];
        _trainingShare = new double[BinCount * ClusterCount];
        _posterior = new double[BinCount * ClusterCount];
        foreach ((string context, int cluster) in _clusters)
            FitCluster(cluster, training.At(context).Summarise(), _bayes.For(context));
        for (int bin = 0; bin < BinCount; bin++)
            _posterior[(bin * ClusterCount) + UnseenCluster] = _prior[bin];
    }

    /// <summary>Bins of the published map.</summary>
    public int BinCount { get; }

    /// <summary>Clusters of the mix: the training window's contexts and, last, all contexts that it did not hold.</summary>
    public int ClusterCount => _clusters.Count + 1;

    /// <summary>The cluster of every context unseen in training; its posterior is its prior, the map over everything.</summary>
    public int UnseenCluster => _clusters.Count;

    /// <summary>The Bayes-SIR fit underneath.</summary>
    public CalibrationModel Bayes => _bayes;

    /// <summary>The cluster of a context; look it up once and keep it on a hot path.</summary>
    public int ClusterOf(string? context) => _clusters.GetValueOrDefault(context ?? ContextCounts.Root, UnseenCluster);

    /// <summary>The bin of a raw prediction.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is NaN or outside [0, 1].</exception>
    public int BinOf(double p) => _binOfCell[LogitGrid.CellOf(p)];

    /// <summary>The map for the mix that <paramref name="applied"/> has counted. An empty window gives the training mix.</summary>
    /// <exception cref="ArgumentException">The counts were made for another fit.</exception>
    public CalibrationModel Publish(AppliedDistribution applied)
    {
        ArgumentNullException.ThrowIfNull(applied);
        if (!ReferenceEquals(applied.Calibrator, this))
            throw new ArgumentException("The applied distribution was counted over the bins of another fit.", nameof(applied));
        var values = new double[BinCount];
        for (int bin = 0; bin < BinCount; bin++)
            values[bin] = Math.Clamp(Reweighted(bin, applied.Counts.Slice(bin * ClusterCount, ClusterCount)), 0, 1);
        PoolAdjacentViolators.Fit(values, _binWeights);
        return new CalibrationModel("rtw-bsir", MonotoneCurve.ThroughPoints(_x, values));
    }

    private double Reweighted(int bin, ReadOnlySpan<long> applied)
    {
        double total = _inertia;
        foreach (long count in applied)
            total += count;
        double weighted = 0, weights = 0;
        for (int cluster = 0; cluster < ClusterCount; cluster++)
        {
            int slot = (bin * ClusterCount) + cluster;
            double trained = _trainingShare[slot];
            double share = total > 0 ? (applied[cluster] + (_inertia * trained)) / total : trained;
            double weight = trained > 0 ? trained * Math.Clamp(share / trained, 1 / _clip, _clip) : share;
            weighted += weight * _posterior[slot];
            weights += weight;
        }
        return weights > 0 ? weighted / weights : _prior[bin];
    }

    // A context's posterior in a bin is its own Bayes-SIR map over its impressions there: evidence of the context's other bins counts too.
    private void FitCluster(int cluster, CellSummary[] cells, CalibrationMap map)
    {
        var weights = new double[BinCount];
        var expected = new double[BinCount];
        foreach (CellSummary cell in cells)
        {
            int bin = _binOfCell[cell.Cell];
            weights[bin] += cell.Weight;
            expected[bin] += cell.Weight * map.Apply(Math.Min(1, cell.MeanPrediction));
        }
        for (int bin = 0; bin < BinCount; bin++)
        {
            int slot = (bin * ClusterCount) + cluster;
            _trainingShare[slot] = weights[bin] / _binWeights[bin];
            _posterior[slot] = weights[bin] > 0 ? expected[bin] / weights[bin] : map.Apply(Math.Min(1, _x[bin]));
        }
    }

    private static int[] BinOfCell(Bin[] bins)
    {
        var binOf = new int[LogitGrid.Cells];
        int bin = 0;
        for (int cell = 0; cell < binOf.Length; cell++)
        {
            while (bin < bins.Length - 1 && cell >= bins[bin + 1].FirstCell)
                bin++;
            binOf[cell] = bin;
        }
        return binOf;
    }
}
