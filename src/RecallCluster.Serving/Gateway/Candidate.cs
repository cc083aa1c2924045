using RecallCluster.Bidding.Auctions;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving.Gateway;

/// <summary>Why a candidate is not, or no longer, in the auctions.</summary>
internal enum Fate : byte
{
    /// <summary>It takes part.</summary>
    Bidding,

    /// <summary>It is not in the catalogue, or held back.</summary>
    Unknown,

    /// <summary>Its campaign or its kind is not eligible for the request.</summary>
    Ineligible,

    /// <summary>It bids nothing.</summary>
    NoBid,

    /// <summary>It won.</summary>
    Won,

    /// <summary>Another ad of its campaign won in the request, or its advertiser has all it may have.</summary>
    Excluded,

    /// <summary>What the user saw and is about to see fills its campaign's frequency cap.</summary>
    Capped,

    /// <summary>Its campaign's lease had no room.</summary>
    NoRoom,
}

/// <summary>An ad on its way through the stages.</summary>
internal struct Candidate
{
    public string Id;
    public AdEntry Entry;
    public CampaignSettings Campaign;
    public float Score;
    public Fate Fate;

    /// <summary>Click probability before calibration, and after it.</summary>
    public double RawClick, Click;

    /// <summary>Conversion probability of a click: the campaign's.</summary>
    public double Conversion;

    /// <summary>The bid for one impression, in units of the currency.</summary>
    public double Bid;

    /// <summary>The bid as auctions take it.</summary>
    public AuctionBid Offer;
}
