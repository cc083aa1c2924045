using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Campaigns;

/// <summary>What settings of a campaign make sense, and what of them can be changed.</summary>
internal static class CampaignEdit
{

    /// <exception cref="InvalidRequestException">A setting makes no sense; the message names it.</exception>
    public static void Check(CampaignSettings settings, CampaignOptions options)
    {
        Require(settings.Id > 0, "id", "is positive");
        Require(!string.IsNullOrWhiteSpace(settings.Name), "name", "is not empty");
        Require(settings.AdvertiserId > 0, "advertiserId", "is positive");
        Require(!string.IsNullOrWhiteSpace(settings.AdvertiserDomain), "advertiserDomain", "is not empty");
        Require(settings.Terms.CampaignId == settings.Id, "terms.campaignId", "is the campaign's id");
        CheckTerms(settings.Terms);
        CheckProduct(settings);
        Require(Enum.IsDefined(settings.Pricing), "pricing", "is a known pricing model");
        Require(
            settings.MaxBid is null || (settings.MaxBid > Micros.Zero && settings.MaxBid <= AuctionBid.MaxBid), "maxBid",
                "is above 0 and at most a billion units");
        Require(
            ControllerCatalogue.Names.Contains(settings.Controller),
            "controller",
            $"'{settings.Controller}' is none of {string.Join(", ", ControllerCatalogue.Names)}");
        Require(settings.Targeting.Hours.All(hour => hour is >= 0 and < 24), "targeting.hours", "are 0 to 23");
        for (int i = 0; i < settings.Caps.Count; i++)
        {
            FrequencyRule cap = settings.Caps[i];
            Require(cap.Impressions > 0, $"caps[{i}].impressions", "is 1 or more");
            Require(
                cap.Within > TimeSpan.Zero && cap.Within <= options.LongestCap, $"caps[{i}].withinMs",
                    $"is above 0 and at most {options.LongestCap.TotalDays:0.##} days");
        }
    }

    /// <summary>The complaint about a change of what cannot be changed; null when there is none.</summary>
    public static InvalidRequestException? Forbidden(CampaignSettings old, CampaignSettings wanted)
    {
        const string reason = "cannot be changed once the campaign is made";
        return wanted.AdvertiserId != old.AdvertiserId ? new InvalidRequestException("advertiserId", reason)
            : wanted.Terms.TimeZone != old.Terms.TimeZone ? new InvalidRequestException("timeZone", reason)
            : wanted.Terms.ClockMargin != old.Terms.ClockMargin ? new InvalidRequestException("clockMarginMs", reason)
            : wanted.Terms.EventWindow != old.Terms.EventWindow ? new InvalidRequestException("eventWindowMs", reason)
            : wanted.Terms.ConversionWindow != old.Terms.ConversionWindow ? new InvalidRequestException("conversionWindowMs", reason)
            : null;
    }

    /// <summary>Whether two terms spread a budget alike.</summary>
    public static bool SamePacing(CampaignTerms a, CampaignTerms b) =>
        a.Pacing == b.Pacing && a.LeaseTerm == b.LeaseTerm && (a.TrafficByHour ?? []).AsSpan().SequenceEqual(b.TrafficByHour ?? []);

    private static void CheckTerms(CampaignTerms terms)
    {
        try
        {
            _ = new CampaignLedger(terms);
            if (terms.TrafficByHour is { } curve)
                _ = new TrafficPacing(new CampaignCalendar(terms.TimeZone), curve);
        }
        catch (ArgumentException e)
        {
            throw new InvalidRequestException("terms", e.Message);
        }
    }

    private static void CheckProduct(CampaignSettings settings)
    {
        BidProduct? product = BidProduct.All.FirstOrDefault(product => product.Name == settings.Product);
        string products = string.Join(", ", BidProduct.All.Select(one => one.Name));
        Require(product is not null, "product", $"'{settings.Product}' is none of {products}");
        Require(settings.MaxCpc is null or (> 0 and < double.PositiveInfinity), "maxCpc", "is finite and above 0");
        Require(settings.MinCtr is null or (> 0 and < 1), "minCtr", "is between 0 and 1");
        Require(!product!.LimitsCpc || settings.MaxCpc is not null, "maxCpc", $"is needed by product '{product.Name}'");
        Require(!product.LimitsCtr || settings.MinCtr is not null, "minCtr", $"is needed by product '{product.Name}'");
        int weights = 1 + product.KpiCount;
        Require(
            settings.StartWeights is not { } given || (given.Count == weights && given.All(w => w >= 0 && double.IsFinite(w))),
            "startWeights",
            $"are {weights} finite numbers, 0 or more, for product '{product.Name}'");
    }

    private static void Require(bool condition, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException(field, rule);
    }
}
