using System.Net;

namespace RecallCluster.Client;

/// <summary>How a <see cref="RecallClient"/> reaches a front door.</summary>
public sealed record RecallClientOptions
{
    /// <summary>Where the front door is, e.g. <c>http://127.0.0.1:8080</c>.</summary>
    public required Uri Door { get; init; }

    /// <summary>API key; null for none (a door on the same machine may want none).</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// HTTP version. 1.1 keeps a pool of connections; 2.0 sends many requests over one, and without TLS wants a door that listens for
    /// HTTP/2
    /// only (prior knowledge).
    /// </summary>
    public Version HttpVersion { get; init; } = System.Net.HttpVersion.Version11;

    /// <summary>Format of requests for ads and of events; null for JSON.</summary>
    public IRecallFormat? Format { get; init; }

    /// <summary>Most connections at once; HTTP/2 needs few.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>Time for a call, all its retries included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>When and how often calls are repeated.</summary>
    public RetryOptions Retries { get; init; } = new();

    /// <summary>Time, for back-off and budgets.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Makes the transport; null for pooled sockets. The client disposes it.</summary>
    public Func<HttpMessageHandler>? Transport { get; init; }

    internal HttpMessageHandler CreateTransport() => Transport?.Invoke() ?? new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxConnectionsPerServer = MaxConnections,
        EnableMultipleHttp2Connections = true,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
    };
}
