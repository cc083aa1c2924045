using RecallCluster.Bidding.Money;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Gateway;

/// <summary>What may be shown for one request.</summary>
/// <param name="Campaigns">By campaign number: targeting, flight, pause, caps, blocks, deals, room.</param>
/// <param name="Facets">By facet number: fits a slot and is not blocked.</param>
/// <param name="NoAd">Why nothing may be shown; <see cref="NoAdReason.None"/> when something may.</param>
internal readonly record struct EligibleSets(ulong[] Campaigns, ulong[] Facets, NoAdReason NoAd)
{
    public ValueQuery ToQuery() => new(Campaigns, Facets);
}

/// <summary>
/// Decides for all campaigns and facets at once what may be shown for a request:
/// <code>
/// targeting ∧ flight and hours ∧ ¬blocked and allowed advertisers ∧ ¬capped ∧ deals ∧ room ─► campaigns
/// formats of the slots ∧ ¬blocked categories ───────────────────────────────────► facets
/// </code>
/// </summary>
internal sealed class Eligibility(FacetMatch facets, WalletTable wallets)
{
    /// <param name="request">The request.</param>
    /// <param name="roster">The campaigns.</param>
    /// <param name="user">The user.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="spare">Memory for a set of campaigns.</param>
    public EligibleSets Of(AdRequest request, CampaignRoster roster, in RequestUser user, DateTimeOffset now, Span<ulong> spare)
    {
        TargetingIndex targeting = roster.Targeting;
        // Shards may read the sets when the request has long been answered: they are its own.
        var campaigns = new ulong[targeting.Words];
        spare = spare[..targeting.Words];
        targeting.Match(request.Context, campaigns, spare);
        Bits.Keep(campaigns, roster.Windows.At(now));
        targeting.Block(request.BlockedAdvertisers, campaigns);
        targeting.KeepOnly(request.AllowedAdvertisers, campaigns, spare);
        KeepUncapped(campaigns, roster, user.Exposures, now);
        KeepDealsOnly(request.Slots, targeting, campaigns, spare);
        var fitting = new ulong[facets.Words];
        foreach (SlotRequest slot in request.Slots)
            facets.AddFitting(slot, fitting);
        facets.Block(request.BlockedCategories, fitting);
        if (Bits.IsEmpty(campaigns) || Bits.IsEmpty(fitting))
            return new EligibleSets(campaigns, fitting, NoAdReason.NothingEligible);
        if (!request.IsTest)
            Bits.Keep(campaigns, wallets.Room);
        return new EligibleSets(campaigns, fitting, Bits.IsEmpty(campaigns) ? NoAdReason.NoBudget : NoAdReason.None);
    }

    private static void KeepUncapped(ulong[] campaigns, CampaignRoster roster, IReadOnlyList<Exposure> exposures, DateTimeOffset now)
    {
        // Only what was seen can be capped; few users saw many campaigns.
        for (int i = 0; i < exposures.Count; i++)
        {
            if (roster.NumberOf(exposures[i].Campaign) is var number and >= 0 && Bits.Has(campaigns, number)
                && roster[number] is { Caps.Count: > 0 } campaign && IsCapped(campaign.Caps, exposures, campaign.Id, now))
                Bits.Remove(campaigns, number);
        }
    }

    private static bool IsCapped(IReadOnlyList<FrequencyRule> rules, IReadOnlyList<Exposure> exposures, long campaign, DateTimeOffset now)
    {
        foreach (FrequencyRule rule in rules)
        {
            int seen = 0;
            for (int i = exposures.Count - 1; i >= 0 && now - exposures[i].At < rule.Within; i--)
                seen += exposures[i].Campaign == campaign ? 1 : 0;
            if (seen >= rule.Impressions)
                return true;
        }
        return false;
    }

    private static void KeepDealsOnly(IReadOnlyList<SlotRequest> slots, TargetingIndex targeting, ulong[] campaigns, Span<ulong> spare)
    {
        for (int i = 0; i < slots.Count; i++)
        {
            if (!slots[i].DealsOnly)
                return;
        }
        var dealing = new ulong[campaigns.Length];
        foreach (SlotRequest slot in slots)
        {
            foreach (DealOffer deal in slot.Deals)
                targeting.AddDeal(deal, dealing, spare);
        }
        Bits.Keep(campaigns, dealing);
    }
}
