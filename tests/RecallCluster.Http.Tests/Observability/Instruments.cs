using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using RecallCluster.Serving;

namespace RecallCluster.Http.Tests.Observability;

/// <summary>The instruments that the product really has, and what Prometheus calls them.</summary>
internal static class Instruments
{
    /// <summary>Those of the assemblies' telemetry classes.</summary>
    public static IReadOnlyList<Instrument> All { get; } = Find();

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

    private static List<Instrument> Find()
    {
        var found = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name.StartsWith("RecallCluster.", StringComparison.Ordinal))
                found.Add(instrument);
        };
        foreach (Assembly assembly in new[] { typeof(FrontDoor).Assembly, typeof(AdRetriever).Assembly })
        {
            foreach (Type type in assembly.GetTypes().Where(t => t.Name.EndsWith("Telemetry", StringComparison.Ordinal)))
                RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }
        listener.Start();
        return found;
    }
}
