namespace RecallCluster.Http.OpenRtb;

/// <summary>What a request gets that breaks the specification.</summary>
public enum InvalidBidRequests
{
    /// <summary>400 and problem details that name the field: best while an exchange is being connected.</summary>
    Problem,

    /// <summary>200 and no-bid reason 2, where the request's id can be read; else 400.</summary>
    NoBid,
}

/// <summary>How OpenRTB requests are understood.</summary>
public sealed record OpenRtbOptions
{
    /// <summary>Currencies that can be bid in.</summary>
    public CurrencyTable Currencies { get; init; } = new("USD", new Dictionary<string, decimal>());

    /// <summary>Part of <c>tmax</c> that belongs to the network, not to us.</summary>
    public TimeSpan TmaxMargin { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Time that an answer takes at least; with less left there is no bid (reason 15).</summary>
    public TimeSpan LeastTime { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Our number in IAB Europe's Global Vendor List; 0 for none: no consent string can then name us.</summary>
    public int TcfVendorId { get; init; }

    /// <summary>Source of the extended identifiers (<c>user.eids[].source</c>) that name users as we do; null for none.</summary>
    public string? EidSource { get; init; }

    /// <summary>What a request gets that breaks the specification.</summary>
    public InvalidBidRequests InvalidRequests { get; init; }
}
