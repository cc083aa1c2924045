using RecallCluster.Http.Formats;
using RecallCluster.Http.OpenRtb;
using RecallCluster.Http.Overload;
using RecallCluster.Http.Security;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary>What a front door accepts. Each limit keeps one request from taking what belongs to the others.</summary>
public sealed record FrontDoorLimits
{
    /// <summary>Most ads that a request may ask for.</summary>
    public int MaxK { get; init; } = 5_000;

    /// <summary>Most slots of a request, and most impressions of a bid request; at most what any request may have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not in 1 to <see cref="RequestLimits.MaxSlots"/>.</exception>
    public int MaxSlots
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, RequestLimits.MaxSlots);
            field = value;
        }
    } = RequestLimits.MaxSlots;

    /// <summary>Most events of a batch.</summary>
    public int MaxEvents { get; init; } = 1_000;

    /// <summary>Longest deadline that a request may set.</summary>
    public TimeSpan MaxDeadline { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Largest body, in bytes, before and after decompression.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 20;

    /// <summary>Most open connections; null for no limit. An idle one costs a few kilobytes.</summary>
    public long? MaxConnections { get; init; } = 20_000;

    /// <summary>Slowest body that is waited for, in bytes a second, once <see cref="SlowClientGrace"/> is over.</summary>
    public double MinBodyBytesPerSecond { get; init; } = 500;

    /// <summary>
    /// Slowest reader of answers that is waited for, in bytes a second, once <see cref="SlowClientGrace"/> is over. What lies in buffers
    /// counts as unread.
    /// </summary>
    public double MinAnswerBytesPerSecond { get; init; } = 16 << 10;

    /// <summary>Bytes of answers that the system holds for a connection that does not read them.</summary>
    public int SendBufferBytes { get; init; } = 64 << 10;

    /// <summary>How long a body may be slow, and how long headers may take.</summary>
    public TimeSpan SlowClientGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an idle connection stays.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Most bytes of all headers together.</summary>
    public int MaxHeaderBytes { get; init; } = 16 << 10;

    /// <summary>Most watchers of the live stream.</summary>
    public int MaxLiveSubscribers { get; init; } = 64;
}

/// <summary>How to set up a front door.</summary>
public sealed record FrontDoorOptions
{
    /// <summary>Where to listen; port 0 takes a free one. Loopback only unless told otherwise.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://127.0.0.1:8080"];

    /// <summary>
    /// How clients reach this door, for tracking URLs, e.g. <c>https://ads.example.com</c>; null takes it from each request.
    /// </summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>What is accepted.</summary>
    public FrontDoorLimits Limits { get; init; } = new();

    /// <summary>Who may do what.</summary>
    public AccessOptions Access { get; init; } = new();

    /// <summary>Certificates, for URLs that begin with https.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>When work is turned away.</summary>
    public OverloadOptions Overload { get; init; } = new();

    /// <summary>Tracking tokens.</summary>
    public TrackingOptions Tracking { get; init; } = new();

    /// <summary>How OpenRTB requests are understood.</summary>
    public OpenRtbOptions OpenRtb { get; init; } = new();

    /// <summary>Formats of bodies beside JSON.</summary>
    internal IReadOnlyList<IBodyFormat> Formats { get; init; } = [];
}
