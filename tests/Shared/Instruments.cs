using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace RecallCluster.Testing;

/// <summary>The instruments that the product really has, and what Prometheus calls them.</summary>
internal static class Instruments
{
    /// <summary>
    /// Names of an instrument's series, after OpenTelemetry's rules for Prometheus: dots become underscores, the unit is a suffix
    /// unless it is a mere annotation, counters end in _total, histograms have three series.
    /// </summary>
    public static IEnumerable<string> SeriesOf(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_');
        if (instrument.Unit == "s")
            name += "_seconds";
        Type kind = instrument.GetType().GetGenericTypeDefinition();
        if (kind == typeof(Histogram<>))
            return [name + "_bucket", name + "_sum", name + "_count"];
        return kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? [name + "_total"] : [name];
    }

    /// <summary>Names of all series of the telemetry classes of some assemblies.</summary>
    public static HashSet<string> SeriesOf(params Assembly[] assemblies) =>
        Of(assemblies).SelectMany(SeriesOf).ToHashSet(StringComparer.Ordinal);

    /// <summary>The instruments of the telemetry classes of some assemblies.</summary>
    public static IReadOnlyList<Instrument> Of(params Assembly[] assemblies)
    {
        var found = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name.StartsWith("RecallCluster.", StringComparison.Ordinal))
                found.Add(instrument);
        };
        foreach (Assembly assembly in assemblies)
        {
            foreach (Type type in assembly.GetTypes().Where(t => t.Name.EndsWith("Telemetry", StringComparison.Ordinal)))
                RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }
        listener.Start();
        return found;
    }
}
