using RecallCluster.Serving.Experiments;
using RecallCluster.Wire.Events;

namespace RecallCluster.Grains.Tests.Experiments;

/// <summary>Arms of wins between silos.</summary>
public class WonArmTests
{
    private static readonly WinMessage Win = new()
    {
        IdHigh = 1,
        IdLow = 2,
        RequestId = "r",
        CampaignId = 3,
        AdId = "a",
        UserId = "u",
        Gateway = 1,
        Lease = 1,
        AuctionAt = 0,
        Price = 1,
        IsPerClick = true,
        RawClickProbability = 0.1,
        ClickProbability = 0.1,
    };

    [Fact]
    public void Arms_that_there_cannot_be_are_dropped()
    {
        WonArmMessage[] arms = [new(0, 1), new(4, 7), new(-3, 0), new(5, 8), new(6, -1), new(7, 0)];

        Assert.Equal([new WonArm(4, 7), new WonArm(7, 0)], WireMap.ToWin(Win with { Arms = arms }).Arms!);
        Assert.Null(WireMap.ToWin(Win with { Arms = [new(0, 1)] }).Arms);
        Assert.Null(WireMap.ToWin(Win).Arms);
    }

    [Fact]
    public void Of_more_arms_than_layers_the_first_are_kept()
    {
        WonArmMessage[] arms = [.. Enumerable.Range(1, 20).Select(id => new WonArmMessage(id, 0))];

        Assert.Equal(Enumerable.Range(1, 8).Select(id => new WonArm(id, 0)), WireMap.ToWin(Win with { Arms = arms }).Arms!);
    }
}
