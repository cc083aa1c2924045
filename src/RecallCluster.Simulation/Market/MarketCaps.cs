using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>How often the market's users saw which campaign, for those campaigns that limit it.</summary>
internal sealed class MarketCaps
{
    private readonly FrequencyRule[][] _rules;
    private readonly FrequencyCaps _caps;

    private MarketCaps(FrequencyRule[][] rules, TimeSpan horizon) => (_rules, _caps) = (rules, new FrequencyCaps(horizon));

    /// <summary>The caps of these campaigns; null when none has any, so that a market without caps pays nothing for them.</summary>
    public static MarketCaps? Of(IReadOnlyList<MarketCampaign> campaigns)
    {
        FrequencyRule[][] rules = [.. campaigns.Select(campaign => campaign.FrequencyRules.ToArray())];
        return rules.All(own => own.Length == 0) ? null : new MarketCaps(rules, rules.SelectMany(own => own).Max(rule => rule.Within));
    }

    public bool Allows(int user, int campaign, DateTimeOffset now) =>
        _rules[campaign].Length == 0 || _caps.Allows(user, campaign, _rules[campaign], now);

    public void Record(int user, int campaign, DateTimeOffset shownAt)
    {
        if (_rules[campaign].Length > 0)
            _caps.Record(user, campaign, shownAt);
    }
}
