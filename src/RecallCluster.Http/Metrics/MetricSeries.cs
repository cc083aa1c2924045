namespace RecallCluster.Http.Metrics;

/// <summary>One series of an instrument: its sum or last value, or the buckets of a histogram. Thread-safe.</summary>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    private readonly Lock _lock = new();
    private readonly long[]? _buckets = bounds is null ? null : new long[bounds.Length + 1];
    private double _value;
    private long _count;

    public string Labels => labels;

    /// <summary>Adds to a counter, or a measurement to a histogram.</summary>
    public void Add(double value)
    {
        lock (_lock)
        {
            _value += value;
            _count++;
            if (bounds is not null)
                _buckets![Bucket(value)]++;
        }
    }

    /// <summary>Sets a gauge, or an observed total.</summary>
    public void Set(double value)
    {
        lock (_lock)
            _value = value;
    }

    public void Write(PrometheusText text, string name)
    {
        double value;
        long count;
        long[]? buckets;
        lock (_lock)
            (value, count, buckets) = (_value, _count, (long[]?)_buckets?.Clone());
        if (buckets is null)
        {
            text.Sample(name, labels, value);
            return;
        }
        string before = labels.Length > 0 ? labels + "," : "";
        long sum = 0;
        for (int i = 0; i < buckets.Length; i++)
        {
            sum += buckets[i];
            double bound = i < bounds!.Length ? bounds[i] : double.PositiveInfinity;
            text.Sample($"{name}_bucket", $"{before}le=\"{PrometheusText.NumberOf(bound)}\"", sum);
        }
        text.Sample($"{name}_sum", labels, value);
        text.Sample($"{name}_count", labels, count);
    }

    private int Bucket(double value)
    {
        int i = Array.BinarySearch(bounds!, value);
        return i < 0 ? ~i : i;
    }
}
