namespace RecallCluster.Http;

/// <summary>What a front door accepts. Each limit keeps one request from taking what belongs to the others.</summary>
public sealed record FrontDoorLimits
{
    /// <summary>Most ads that a request may ask for.</summary>
    public int MaxK { get; init; } = 5_000;

    /// <summary>Longest deadline that a request may set.</summary>
    public TimeSpan MaxDeadline { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Largest body, in bytes.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 20;
}

/// <summary>How to set up a front door.</summary>
public sealed record FrontDoorOptions
{
    /// <summary>Where to listen; port 0 takes a free one. Loopback only unless told otherwise: there is no authentication yet.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://127.0.0.1:8080"];

    /// <summary>What is accepted.</summary>
    public FrontDoorLimits Limits { get; init; } = new();
}
