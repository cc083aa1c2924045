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

    /// <summary>A roster of campaigns by number; this one where nothing has changed.</summary>
    /// <exception cref="ArgumentException">A time zone does not exist.</exception>
    public CampaignRoster With(IReadOnlyList<CampaignSettings> byNumber, CampaignNumbers numbers)
    {
        bool isSame = byNumber.Count == _campaigns.Length;
        for (int number = 0; isSame && number < _campaigns.Length; number++)
            isSame = ReferenceEquals(byNumber[number], _campaigns[number]);
        return isSame ? this : new CampaignRoster([.. byNumber], numbers);
    }
}
