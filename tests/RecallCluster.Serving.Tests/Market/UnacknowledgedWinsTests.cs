using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Gateway;

namespace RecallCluster.Serving.Tests.Market;

public class UnacknowledgedWinsTests
{
    private static readonly DateTimeOffset s_now = LoopWorld.Start;

    private static readonly CampaignSettings s_campaign =
        LoopWorld.Simple((1, 1, 1)).Campaigns[0] with { Caps = [new FrequencyRule(1, TimeSpan.FromHours(1))] };

    [Fact]
    public void A_win_that_is_told_of_after_a_request_looked_its_user_up_still_counts_for_it()
    {
        var wins = new UnacknowledgedWins();
        RequestUser early = UserOf(wins, told: []);
        Assert.True(wins.TryAdd(in early, s_campaign, 1, s_now));
        wins.Acknowledge("ann", 1);

        Assert.Equal(0, wins.Count);
        Assert.False(wins.TryAdd(in early, s_campaign, 2, s_now));
        // Who looks the user up now finds the impression there, and only there.
        RequestUser late = UserOf(wins, told: [new Exposure(1, s_now)]);
        Assert.Single(late.Exposures);
        Assert.False(wins.TryAdd(in late, s_campaign, 2, s_now));
        RequestUser forgotten = UserOf(wins, told: []);
        Assert.True(wins.TryAdd(in forgotten, s_campaign, 2, s_now));
    }

    [Fact]
    public void A_win_that_was_not_shown_counts_no_more_and_neither_does_one_that_is_forgotten()
    {
        var wins = new UnacknowledgedWins();
        RequestUser user = UserOf(wins, told: []);
        Assert.True(wins.TryAdd(in user, s_campaign, 1, s_now));
        Assert.Single(UserOf(wins, told: []).Exposures);
        wins.Remove("ann", 1);
        Assert.True(wins.TryAdd(in user, s_campaign, 2, s_now));
        wins.Acknowledge("ann", 2);
        wins.Acknowledge("ann", 2);
        Assert.Equal(0, wins.Count);

        Assert.True(wins.TryAdd(in user, s_campaign, 3, s_now + s_campaign.Terms.EventWindow));
        Assert.Equal(1, wins.Count);
    }

    private static RequestUser UserOf(UnacknowledgedWins wins, IReadOnlyList<Exposure> told)
    {
        long mark = wins.MarkOf("ann");
        return new RequestUser("ann", new UserFeatures(), wins.With("ann", told, s_now)) { Told = told, Mark = mark };
    }
}
