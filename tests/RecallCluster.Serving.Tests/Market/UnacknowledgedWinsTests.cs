using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Gateway;

namespace RecallCluster.Serving.Tests.Market;

public class UnacknowledgedWinsTests
{
    private static readonly DateTimeOffset Now = LoopWorld.Start;

    private static readonly CampaignSettings Campaign =
        LoopWorld.Simple((1, 1, 1)).Campaigns[0] with { Caps = [new FrequencyRule(1, TimeSpan.FromHours(1))] };

    [Fact]
    public void A_win_that_is_told_of_after_a_request_looked_its_user_up_still_counts_for_it()
    {
        var wins = new UnacknowledgedWins();
        RequestUser early = UserOf(wins, told: []);
        Assert.True(wins.TryAdd(in early, Campaign, 1, Now));
        wins.Acknowledge("ann", 1);

        Assert.Equal(0, wins.Count);
        Assert.False(wins.TryAdd(in early, Campaign, 2, Now));
        // Who looks the user up now finds the impression there, and only there.
        RequestUser late = UserOf(wins, told: [new Exposure(1, Now)]);
        Assert.Single(late.Exposures);
        Assert.False(wins.TryAdd(in late, Campaign, 2, Now));
        RequestUser forgotten = UserOf(wins, told: []);
        Assert.True(wins.TryAdd(in forgotten, Campaign, 2, Now));
    }

    [Fact]
    public void A_win_that_was_not_shown_counts_no_more_and_neither_does_one_that_is_forgotten()
    {
        var wins = new UnacknowledgedWins();
        RequestUser user = UserOf(wins, told: []);
        Assert.True(wins.TryAdd(in user, Campaign, 1, Now));
        Assert.Single(UserOf(wins, told: []).Exposures);
        wins.Remove("ann", 1);
        Assert.True(wins.TryAdd(in user, Campaign, 2, Now));
        wins.Acknowledge("ann", 2);
        wins.Acknowledge("ann", 2);
        Assert.Equal(0, wins.Count);

        Assert.True(wins.TryAdd(in user, Campaign, 3, Now + Campaign.Terms.EventWindow));
        Assert.Equal(1, wins.Count);
    }

    private static RequestUser UserOf(UnacknowledgedWins wins, IReadOnlyList<Exposure> told)
    {
        long mark = wins.MarkOf("ann");
        return new RequestUser("ann", new UserFeatures(), wins.With("ann", told, Now)) { Told = told, Mark = mark };
    }
}
