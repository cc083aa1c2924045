using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving.Gateway;

/// <summary>What a gateway has to know of every campaign, by number, as it stood at one moment. Immutable; a change makes a new one.</summary>
internal sealed class CampaignRoster
{
    private readonly CampaignSettings?[] _campaigns;

    private readonly CampaignNumbers _numbers;

    private CampaignRoster(CampaignSettings?[] campaigns, CampaignNumbers numbers)
    {
        _campaigns = campaigns;
        _numbers = numbers;
        Targeting = new TargetingIndex(campaigns);
        Windows = new TimeWindows(campaigns);
    }

    /// <summary>Nobody.</summary>
    public static CampaignRoster Empty { get; } = new([], new CampaignNumbers());

    /// <summary>Numbers given when it was made.</summary>
    public int Count => _campaigns.Length;

    /// <summary>Which contexts are wanted.</summary>
    public TargetingIndex Targeting { get; }

    /// <summary>Which times are.</summary>
    public TimeWindows Windows { get; }

    /// <summary>A campaign's settings; null for a number that only ads speak of.</summary>
    public CampaignSettings? this[int number] => (uint)number < (uint)_campaigns.Length ? _campaigns[number] : null;

    /// <summary>The number of a campaign, or -1.</summary>
    public int NumberOf(long campaign) => _numbers.TryGet(campaign, out int number) && number < _campaigns.Length ? number : -1;

    /// <summary>A roster of these campaigns.</summary>
    /// <exception cref="ArgumentException">A time zone or an hour does not exist.</exception>
    public static CampaignRoster Of(IEnumerable<CampaignSettings> campaigns, CampaignNumbers numbers)
    {
        CampaignSettings[] all = [.. campaigns];
        int[] places = Array.ConvertAll(all, campaign => numbers.Of(campaign.Id));
        var byNumber = new CampaignSettings?[numbers.Count];
        for (int i = 0; i < all.Length; i++)
            byNumber[places[i]] = all[i];
        return new CampaignRoster(byNumber, numbers);
    }

    /// <summary>The same campaigns but for one, new or changed.</summary>
    public CampaignRoster With(CampaignSettings campaign, CampaignNumbers numbers)
    {
        int number = numbers.Of(campaign.Id);
        var byNumber = new CampaignSettings?[Math.Max(_campaigns.Length, number + 1)];
        _campaigns.CopyTo(byNumber, 0);
        byNumber[number] = campaign;
        return new CampaignRoster(byNumber, numbers);
    }
}
