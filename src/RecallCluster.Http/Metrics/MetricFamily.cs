using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RecallCluster.Http.Metrics;

/// <summary>All series of one instrument. A bound on their number keeps a tag of many values from filling the memory.</summary>
internal sealed class MetricFamily
{
    private const int MostSeries = 1_000;
    private const string Overflow = "overflow=\"true\"";

    // From 0.25 ms to 10 s: what a request can take, whichever stage of it.
    private static readonly double[] Seconds =
        [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private static readonly double[] Powers = [.. Enumerable.Range(0, 21).Select(i => Math.Pow(2, i))];
    private readonly ConcurrentDictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly double[]? _bounds;
    private readonly string? _help;

    public MetricFamily(Instrument instrument)
    {
        Type generic = instrument.GetType().GetGenericTypeDefinition();
        bool isCounter = generic == typeof(Counter<>) || generic == typeof(ObservableCounter<>);
        bool isHistogram = generic == typeof(Histogram<>);
        Sums = generic == typeof(Counter<>) || generic == typeof(UpDownCounter<>) || isHistogram;
        Kind = isHistogram ? "histogram" : isCounter ? "counter" : "gauge";
        Name = PrometheusText.NameOf(instrument.Name, instrument.Unit, isCounter);
        _bounds = !isHistogram ? null : AdvisedBounds(instrument) ?? BoundsFor(instrument.Unit);
        _help = instrument.Description;
    }

    public string Name { get; }

    public string Kind { get; }

    /// <summary>Whether measurements add up, rather than being the sum already.</summary>
    public bool Sums { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = PrometheusText.LabelsOf(tags);
        if (!_series.TryGetValue(labels, out MetricSeries? series))
        {
            if (_series.Count >= MostSeries)
                labels = Overflow;
            series = _series.GetOrAdd(labels, key => new MetricSeries(key, _bounds));
        }
        if (Sums)
            series.Add(value);
        else
            series.Set(value);
    }

    public void Write(PrometheusText text)
    {
        if (_series.IsEmpty)
            return;
        text.Family(Name, Kind, _help);
        foreach (MetricSeries series in _series.Values.OrderBy(s => s.Labels, StringComparer.Ordinal))
            series.Write(text, Name);
    }

    private static double[] BoundsFor(string? unit) => unit switch
    {
        "s" => Seconds,
        "ms" => [.. Seconds.Select(s => s * 1000)],
        _ => Powers,
    };

    private static double[]? AdvisedBounds(Instrument instrument) => instrument switch
    {
        Histogram<double> h => h.Advice?.HistogramBucketBoundaries?.ToArray(),
        Histogram<long> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
        Histogram<int> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
        _ => null,
    };
}
