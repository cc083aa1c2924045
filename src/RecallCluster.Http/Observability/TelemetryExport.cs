using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace RecallCluster.Http.Observability;

/// <summary>
/// Sends traces and metrics to an OpenTelemetry collector over OTLP:
/// <code>
/// ActivitySource "RecallCluster.*", ASP.NET Core, HttpClient ─► batches ─┐
/// Meter "RecallCluster.*", ASP.NET Core, Kestrel, runtime    ─► reader ──┴─► OTLP
/// </code>
/// Without a collector nothing listens, and instruments cost next to nothing. Disposing sends what is left.
/// </summary>
public sealed class TelemetryExport : IDisposable
{
    /// <summary>Bounds of the buckets of histograms in seconds: from half a millisecond, as a request wants it, to ten seconds.</summary>
    internal static readonly double[] SecondsBuckets =
        [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private const string OurNames = "RecallCluster.*";
    private const string OurPrefix = "RecallCluster.";

    private static readonly string[] FrameworkSources = ["Microsoft.AspNetCore", "System.Net.Http"];

    private static readonly string[] FrameworkMeters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime"];

    private static readonly string[] EndpointVariables =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];

    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    private TelemetryExport(TracerProvider traces, MeterProvider metrics) => (_traces, _metrics) = (traces, metrics);

    /// <summary>
    /// Begins to send; null where neither the options nor the environment name a collector, or the environment forbids it.
    /// </summary>
    /// <param name="options">Where to.</param>
    /// <exception cref="ArgumentException">The endpoint is no http or https URL, or the share of traces is not in [0, 1].</exception>
    public static TelemetryExport? Start(TelemetryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Endpoint is { } endpoint && !(endpoint.IsAbsoluteUri && endpoint.Scheme is "http" or "https"))
            throw new ArgumentException($"The collector's endpoint is an http or https URL, not {endpoint}.", nameof(options));
        if (options.TraceShare is { } share && !(share is >= 0 and <= 1))
            throw new ArgumentException($"The share of traces that is kept is 0 to 1, not {share}.", nameof(options));
        return IsWanted(options) ? new TelemetryExport(Traces(options), Metrics(options)) : null;
    }

    /// <summary>Sends what is left, for at most <paramref name="patience"/>.</summary>
    /// <returns>Whether all of it was sent.</returns>
    public bool Flush(TimeSpan patience)
    {
        int milliseconds = (int)patience.TotalMilliseconds;
        return _traces.ForceFlush(milliseconds) & _metrics.ForceFlush(milliseconds);
    }

    /// <summary>Sends what is left, and ends.</summary>
    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
    }

    private static bool IsWanted(TelemetryOptions options)
    {
        bool disabled = string.Equals(Environment.GetEnvironmentVariable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        return !disabled && (options.Endpoint is not null
            || Array.Exists(EndpointVariables, name => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(name))));
    }

    private static TracerProvider Traces(TelemetryOptions options)
    {
        TracerProviderBuilder builder = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(ResourceOf(options))
            .AddSource([OurNames, .. FrameworkSources])
            .AddOtlpExporter(exporter => Configure(exporter, options, "v1/traces"));
        if (options.TraceShare is { } share)
            builder.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(share)));
        return builder.Build();
    }

    private static MeterProvider Metrics(TelemetryOptions options) => Sdk.CreateMeterProviderBuilder()
        .SetResourceBuilder(ResourceOf(options))
        .AddMeter([OurNames, .. FrameworkMeters])
        .AddView(ViewOf)
        .AddOtlpExporter((exporter, reader) =>
        {
            Configure(exporter, options, "v1/metrics");
            if (options.MetricInterval is { } interval)
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)interval.TotalMilliseconds;
        })
        .Build();

    /// <summary>The default buckets are made for milliseconds; all of our durations are in seconds.</summary>
    private static ExplicitBucketHistogramConfiguration? ViewOf(Instrument instrument) =>
        instrument.Unit == "s" && instrument.Meter.Name.StartsWith(OurPrefix, StringComparison.Ordinal)
            && instrument.GetType().GetGenericTypeDefinition() == typeof(Histogram<>)
            ? new ExplicitBucketHistogramConfiguration { Boundaries = SecondsBuckets }
            : null;

    private static ResourceBuilder ResourceOf(TelemetryOptions options)
    {
        string version = typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
        // Later detectors win: the environment's name over ours.
        return ResourceBuilder.CreateEmpty()
            .AddService(options.ServiceName, serviceVersion: version)
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector();
    }

    private static void Configure(OtlpExporterOptions exporter, TelemetryOptions options, string path)
    {
        if (options.Protocol is { } protocol)
            exporter.Protocol = protocol == TelemetryProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        if (options.Endpoint is not { } endpoint)
            return;
        // A given endpoint is taken as it is; only that of the environment gets the signal's path from the exporter.
        exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf
            ? new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/" + path)
            : endpoint;
    }
}
