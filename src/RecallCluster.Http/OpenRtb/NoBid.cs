using RecallCluster.Serving;

namespace RecallCluster.Http.OpenRtb;

/// <summary>No-bid reason codes: those of the specification's list, and ours from 500 on, as it allows.</summary>
internal enum NoBid
{
    /// <summary>Nothing to be said: 204.</summary>
    Plain = -1,

    /// <summary>No shard answered.</summary>
    TechnicalError = 1,

    /// <summary>The request breaks the specification.</summary>
    InvalidRequest = 2,

    /// <summary><c>tmax</c> leaves no time, or passed.</summary>
    InsufficientTime = 15,

    /// <summary>No currency that is wanted is known here.</summary>
    UnknownCurrency = 500,

    /// <summary>No impression is of a kind that we have.</summary>
    UnsupportedFormat = 501,

    /// <summary>Categories are blocked by a taxonomy that is not known here: no ad is sure to be none of them.</summary>
    UnknownTaxonomy = 502,
}

internal static class NoBidReasons
{
    public static NoBid Of(NoAdReason reason) => reason switch
    {
        NoAdReason.NoShardAnswered => NoBid.TechnicalError,
        NoAdReason.Deadline => NoBid.InsufficientTime,
        _ => NoBid.Plain,
    };

    public static string NameOf(NoBid reason) => reason switch
    {
        NoBid.TechnicalError => "technicalError",
        NoBid.InvalidRequest => "invalidRequest",
        NoBid.InsufficientTime => "insufficientTime",
        NoBid.UnknownCurrency => "unknownCurrency",
        NoBid.UnsupportedFormat => "unsupportedFormat",
        NoBid.UnknownTaxonomy => "unknownTaxonomy",
        _ => "none",
    };
}
