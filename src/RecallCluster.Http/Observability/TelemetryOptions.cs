namespace RecallCluster.Http.Observability;

/// <summary>How the collector is spoken to.</summary>
public enum TelemetryProtocol
{
    /// <summary>OTLP over gRPC, usually port 4317.</summary>
    Grpc,

    /// <summary>OTLP over HTTP, usually port 4318; <c>/v1/traces</c> and <c>/v1/metrics</c> are added to the endpoint.</summary>
    HttpProtobuf,
}

/// <summary>
/// Where traces and metrics go. What is left out is taken from OpenTelemetry's standard environment variables:
/// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, <c>_PROTOCOL</c>, <c>_HEADERS</c>, <c>OTEL_SERVICE_NAME</c>, <c>OTEL_RESOURCE_ATTRIBUTES</c>,
/// <c>OTEL_TRACES_SAMPLER</c>, …
/// </summary>
public sealed record TelemetryOptions
{
    /// <summary>The collector; null for that of the environment, or none.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>How <see cref="Endpoint"/> is spoken to; null for what the environment says, else gRPC.</summary>
    public TelemetryProtocol? Protocol { get; init; }

    /// <summary>The service's name where the environment gives none.</summary>
    public string ServiceName { get; init; } = "recallcluster";

    /// <summary>Share of new traces that are kept, in [0, 1]; null for what the environment says, else all of them.</summary>
    public double? TraceShare { get; init; }

    /// <summary>How often metrics are sent; null for what the environment says, else every minute.</summary>
    public TimeSpan? MetricInterval { get; init; }
}
