using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Gateway;

namespace RecallCluster.Serving.Tests.Market;

public class TallyTests
{
    [Fact]
    public void Sheets_join_without_losing_a_count_and_the_sample_stays_fair()
    {
        var random = new SeededRandom(7);
        double early = 0;
        const int Rounds = 400;
        for (int round = 0; round < Rounds; round++)
        {
            var whole = new TallySheet();
            // A sheet of 900 auctions of cost 1 and one of 100 of cost 0: the sample should hold nine of ten of the former.
            foreach ((int count, float cost) in new[] { (900, 1f), (100, 0f) })
            {
                var sheet = new TallySheet();
                for (int i = 0; i < count; i++)
                    sheet.Of(3).AddAuction(new AuctionSample(0.5f, cost), random);
                sheet.Of(3).AddWin(0.25, 0.5, 2);
                sheet.MoveTo(whole, random);
                Assert.Empty(sheet.Touched);
            }
            CampaignTally tally = whole.Of(3);
            Assert.Equal([3], whole.Touched);
            Assert.Equal((1_000L, 2L, 0.5, 0.25, 4.0), (tally.Sums.Auctions, tally.Sums.Wins, tally.Sums.Clicks, tally.Sums.Conversions,
                tally.Sums.Cost));
            Assert.Equal(1_000, tally.Sample.Length * tally.SampleWeight, 1e-9);
            early += tally.Sample.ToArray().Average(s => s.Cost);
        }
        // The mean of 400 samples of 64 has a standard deviation of 0.002.
        Assert.Equal(0.9, early / Rounds, 0.01);
    }
}
