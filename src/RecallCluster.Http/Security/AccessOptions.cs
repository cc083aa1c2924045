namespace RecallCluster.Http.Security;

/// <summary>Who may do what.</summary>
public sealed record AccessOptions
{
    /// <summary>The keys that open the door; null for none.</summary>
    public ApiKeyFile? Keys { get; init; }

    /// <summary>Where <see cref="Keys"/> came from, to be read again when it changes; null to keep them as they are.</summary>
    public string? KeysPath { get; init; }

    /// <summary>
    /// What a caller without a key may do who connects over the loopback interface, addresses the door by a loopback name, is no page from
    /// elsewhere (<c>Origin</c>), and does not come through a proxy. Everyone else needs a key. All of it by default, so that a laptop
    /// needs no set-up.
    /// </summary>
    public ApiRoles AnonymousOnLoopback { get; init; } = ApiRoles.Serve | ApiRoles.Events | ApiRoles.Admin;

    /// <summary>Requests a second that each key, and each address without one, is allowed on average.</summary>
    public int RequestsPerSecond { get; init; } = 5_000;

    /// <summary>How many seconds' worth of requests may come at once.</summary>
    public double BurstSeconds { get; init; } = 2;
}

/// <summary>Certificates of a door.</summary>
public sealed record TlsOptions
{
    /// <summary>The door's certificate chain, PEM.</summary>
    public required string CertificatePath { get; init; }

    /// <summary>Its private key, PEM; null where the certificate's file holds it.</summary>
    public string? KeyPath { get; init; }

    /// <summary>
    /// Authorities whose client certificates are accepted, PEM; every caller must then show one (mTLS), API keys still say what it may do.
    /// Null for no client certificates.
    /// </summary>
    public string? ClientAuthorityPath { get; init; }
}
