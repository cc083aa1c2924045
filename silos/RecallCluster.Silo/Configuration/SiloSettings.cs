using System.Net;
using RecallCluster.Grains.Hosting;
using RecallCluster.Http.Overload;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Silo.Configuration;

/// <summary>Where membership, state, reminders and streams are kept.</summary>
internal enum ClusteringKind
{
    /// <summary>In Redis, for clusters of any size.</summary>
    Redis,

    /// <summary>In the memory of the first silo on this machine: for development, nothing outlives it.</summary>
    Localhost,
}

/// <summary>All that a silo is told; <see cref="SettingsReader"/> makes it from files, environment and command line.</summary>
internal sealed record SiloSettings
{
    /// <summary>Its name, roles, directories and memory.</summary>
    public required SiloNode Node { get; init; }

    /// <summary>Whether it is a front door and no silo.</summary>
    public bool IsDoor => Node.Has(SiloRoles.Door);

    public required string ServiceId { get; init; }

    public required ClusteringKind Clustering { get; init; }

    /// <summary>StackExchange.Redis' connection string.</summary>
    public string Redis { get; init; } = "127.0.0.1:6379";

    /// <summary>How long a start waits for Redis.</summary>
    public TimeSpan RedisWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The address that other silos reach it at.</summary>
    public required IPAddress Address { get; init; }

    public required int SiloPort { get; init; }

    public required int GatewayPort { get; init; }

    /// <summary>Whether it listens on all interfaces rather than on its address only.</summary>
    public bool ListenOnAny { get; init; }

    /// <summary>With localhost clustering: where the first silo listens; null where this is the first.</summary>
    public IPEndPoint? Primary { get; init; }

    /// <summary>Where the front door listens.</summary>
    public string DoorUrl { get; init; } = "http://127.0.0.1:8080";

    /// <summary>File of API keys; null for none.</summary>
    public string? DoorKeys { get; init; }

    /// <summary>File of the keys of tracking tokens, the same for all doors; null keeps them in Redis.</summary>
    public string? TokenKeys { get; init; }

    /// <summary>When the door turns work away.</summary>
    public OverloadOptions Overload { get; init; } = new();

    /// <summary>How clients reach the door; null takes it from each request.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Where health and metrics are told.</summary>
    public string HealthUrl { get; init; } = "http://127.0.0.1:8081";

    public TlsSettings? Tls { get; init; }

    public MembershipSettings Membership { get; init; } = new();

    /// <summary>What a new version of the index must show.</summary>
    public RolloutOptions Rollouts { get; init; } = new();

    /// <summary>The clock of budgets, flights and caps.</summary>
    public TimeProvider BusinessClock { get; init; } = TimeProvider.System;

    /// <summary>Grains that nobody called for so long are put away.</summary>
    public TimeSpan IdleGrains { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A call between grains that takes longer has failed.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between the moment that it calls itself not ready and the door's closing, for load balancers to notice.</summary>
    public TimeSpan Notice { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The process that started it, with which it ends; null for none.</summary>
    public int? Parent { get; init; }

    /// <summary>How long a graceful stop may take.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(25);
}

/// <summary>How soon a silo that does not answer is declared dead.</summary>
internal sealed record MembershipSettings
{
    /// <summary>Time between two probes, and how long one may take.</summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Probes in a row that must fail before a vote.</summary>
    public int MissedProbes { get; init; } = 3;

    /// <summary>Silos that must vote, or all others where they are fewer.</summary>
    public int Votes { get; init; } = 2;
}

/// <summary>Certificates of traffic between silos; every silo shows one.</summary>
/// <param name="Certificate">The silo's certificate chain, PEM.</param>
/// <param name="Key">Its private key, PEM; null where the certificate's file holds it.</param>
/// <param name="Authority">Authorities whose certificates are accepted, PEM.</param>
/// <param name="Name">The DNS name that certificates of the cluster carry.</param>
internal sealed record TlsSettings(string Certificate, string? Key, string Authority, string Name);
