using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Traffic;

/// <summary>
/// Deals a world's ads to campaigns by the taxonomy: an advertiser owns some brands of a department, and each of its campaigns sells
/// them in
/// a group of the department's categories. So a category is contested by several advertisers, and a campaign is something that one could
/// plan.
/// </summary>
internal static class CampaignAssignment
{
    private const int AdvertisersPerDepartment = 2;

    /// <summary>The campaigns, with at least one ad each.</summary>
    /// <exception cref="ArgumentException">The world has fewer ads than there are campaigns.</exception>
    public static TrafficCampaign[] Deal(AdCatalogue ads, int departments, TrafficOptions options, SeededRandom random)
    {
        if (ads.Count < options.Campaigns)
            throw new ArgumentException($"{ads.Count} ads are too few for {options.Campaigns} campaigns.", nameof(options));
        int advertisers = Math.Min(options.Campaigns, departments * AdvertisersPerDepartment);
        var members = new List<int>[options.Campaigns];
        for (int campaign = 0; campaign < members.Length; campaign++)
            members[campaign] = [];
        for (int ad = 0; ad < ads.Count; ad++)
            members[CampaignOf(ads, ad, departments, advertisers, options.Campaigns)].Add(ad);
        FillEmpty(members);
        return [.. members.Select((own, number) => new TrafficCampaign(
            number,
            number % advertisers,
            ads.Taxonomy.DepartmentOf[ads.Category[own[0]]],
            [.. own],
            options.CampaignClickSpread * random.NextGaussian(),
            options.ConversionLogit + (options.CampaignConversionSpread * random.NextGaussian()),
            options.ClickWorth * Math.Exp(options.ClickWorthSpread * random.NextGaussian())))];
    }

    private static int CampaignOf(AdCatalogue ads, int ad, int departments, int advertisers, int campaigns)
    {
        int category = ads.Category[ad], department = ads.Taxonomy.DepartmentOf[category];

        // Brand b belongs to department b mod departments; its rank there decides on its owner.
        int owner = ads.Brand[ads.PositionOf(ad)] / departments;
        int advertiser = ((owner % AdvertisersPerDepartment * departments) + department) % advertisers;
        int own = (campaigns - advertiser + advertisers - 1) / advertisers;
        return advertiser + (category / departments % own * advertisers);
    }

    /// <summary>A campaign that the deal left without ads gets half of the largest one's.</summary>
    private static void FillEmpty(List<int>[] members)
    {
        foreach (List<int> empty in members.Where(own => own.Count == 0))
        {
            List<int> largest = members.MaxBy(own => own.Count)!;
            int half = largest.Count / 2;
            empty.AddRange(largest[half..]);
            largest.RemoveRange(half, largest.Count - half);
        }
    }
}
