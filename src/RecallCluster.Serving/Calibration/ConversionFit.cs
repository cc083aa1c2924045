using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.PostClick;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// Conversion rates of campaigns from clicks of which many may yet convert. Labels come from the post-click ledger (PCCEM: a soft label for
/// a click
/// that is still open, so that late conversions neither bias low nor wait); a campaign's rate is the posterior under its advertiser's, that
/// one's under
/// everybody's, with strengths fitted by Beta-binomial likelihood.
/// </summary>
internal static class ConversionFit
{
    private const double SliceHours = 1;
    private const int FewestUnits = 5;

    /// <summary>The rates.</summary>
    /// <param name="clicks">Clicks at hand.</param>
    /// <param name="contextOf">Context of a campaign, "advertiser/campaign".</param>
    /// <param name="now">Hours since 1970.</param>
    /// <param name="options">Times.</param>
    /// <param name="settings">The prior.</param>
    public static ConversionRates Of(
        IReadOnlyList<ClickFact> clicks, Func<long, string> contextOf, double now, CalibrationOptions options, CalibratorSettings settings)
    {
        ContextCounts labelled = Label(clicks, contextOf, now, options);
        SortedDictionary<string, CalibrationCounts> tree = labelled.RollUp();
        (double positives, double trials) = Sums(tree[ContextCounts.Root]);
        double root = (positives + (settings.PriorStrength * settings.ConversionPrior)) / (trials + settings.PriorStrength);
        var rates = new Dictionary<string, double>(StringComparer.Ordinal) { [ContextCounts.Root] = root };
        var levels = tree.Keys.Where(path => path.Length > 0).GroupBy(path => path.Count(c => c == '/')).OrderBy(level => level.Key);
        foreach (IGrouping<int, string> level in levels)
            AddLevel([.. level], tree, rates, settings.PriorStrength);
        return new ConversionRates(rates);
    }

    private static void AddLevel(
        string[] level, SortedDictionary<string, CalibrationCounts> tree, Dictionary<string, double> rates, double priorStrength)
    {
        var units = new List<BetaBinomial.Unit>();
        foreach (string context in level)
        {
            (double positives, double trials) = Sums(tree[context]);
            units.Add(new BetaBinomial.Unit(Math.Min(positives, trials), trials,
                Math.Clamp(rates[ContextCounts.Parent(context)!], 1e-6, 1 - 1e-6)));
        }
        double strength = units.Count < FewestUnits ? priorStrength : BetaBinomial.FitStrength([.. units]);
        for (int i = 0; i < level.Length; i++)
            rates[level[i]] = (units[i].Positives + (strength * units[i].Mean)) / (units[i].Trials + strength);
    }

    private static ContextCounts Label(IReadOnlyList<ClickFact> clicks, Func<long, string> contextOf, double now,
        CalibrationOptions options)
    {
        var ledger = new PostClickLedger(new PostClickOptions(
            options.AttributionWindow.TotalHours, options.SignalHorizon.TotalHours, SliceHours, Math.Max(1, options.MostClicks)));
        ClickFact[] ordered = [.. clicks.OrderBy(click => click.Time)];
        for (int i = 0; i < ordered.Length; i++)
            ledger.RecordClick(i, ordered[i].Time, ordered[i].Prediction, contextOf(ordered[i].Campaign), ordered[i].Signals);
        IEnumerable<int> converted = Enumerable.Range(0, ordered.Length).Where(i => ordered[i].ConvertedAt is not null);
        foreach (int i in converted.OrderBy(i => ordered[i].ConvertedAt))
            ledger.RecordConversion(i, ordered[i].ConvertedAt!.Value);

        // The first pass settles what is old enough, which the models are trained on; the second judges what is open.
        ledger.Advance(now);
        if (ledger.Train())
            ledger.Advance(now);
        return ledger.Snapshot(now - options.ClickMemory.TotalHours);
    }

    private static (double Positives, double Trials) Sums(CalibrationCounts counts)
    {
        double positives = 0, trials = 0;
        foreach (CellSummary cell in counts.Summarise())
            (positives, trials) = (positives + cell.Positives, trials + cell.Weight);
        return (positives, trials);
    }
}
