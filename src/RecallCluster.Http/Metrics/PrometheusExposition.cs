using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RecallCluster.Http.Metrics;

/// <summary>
/// Listens to meters and shows what they measured since then as Prometheus scrapes it. Histograms have the buckets that their instruments
/// advise, else fixed ones by unit. Thread-safe.
/// </summary>
public sealed class PrometheusExposition : IDisposable
{
    /// <summary>The meters that a door shows: ours, those of its web server, and the runtime's.</summary>
    public static IReadOnlyList<string> UsualMeters { get; } =
        ["RecallCluster.", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    /// <summary>Media type of what <see cref="Write"/> gives.</summary>
    public static string ContentType => PrometheusText.ContentType;

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Meter, string Name), MetricFamily> _families = new();

    /// <summary>Begins to listen.</summary>
    /// <param name="meters">Names of meters, or how they begin where that ends with a dot.</param>
    public PrometheusExposition(IReadOnlyList<string> meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            string name = instrument.Meter.Name;
            if (meters.Any(m => name == m || (m.EndsWith('.') && name.StartsWith(m, StringComparison.Ordinal))))
                listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
        };
        Listen<double>(value => value);
        Listen<float>(value => value);
        Listen<long>(value => value);
        Listen<int>(value => value);
        Listen<short>(value => value);
        Listen<byte>(value => value);
        Listen<decimal>(value => (double)value);
        _listener.Start();
    }

    /// <summary>What was measured so far; observable instruments are asked now.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new PrometheusText();

        // Two meters that measure by the same name would be one family to Prometheus, told twice, which it refuses: the first is shown.
        foreach (MetricFamily family in _families.Values.OrderBy(f => f.Name, StringComparer.Ordinal).DistinctBy(f => f.Name))
            family.Write(text);
        return text.ToString();
    }

    /// <summary>Ends the listening.</summary>
    public void Dispose() => _listener.Dispose();

    // A process may host several doors, each with instruments of its own by the same names: they add up.
    private MetricFamily FamilyOf(Instrument instrument) =>
        _families.GetOrAdd((instrument.Meter.Name, instrument.Name), static (_, i) => new MetricFamily(i), instrument);

    private void Listen<T>(Func<T, double> toDouble)
        where T : struct =>
        _listener.SetMeasurementEventCallback<T>((_, value, tags, state) => ((MetricFamily)state!).Record(toDouble(value), tags));
}
