using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Gateway;

namespace RecallCluster.Serving.Tests.Market;

public class ScratchPoolTests
{
    private const int Clients = 2, AtOnce = 8, Campaigns = 200;

    [Fact]
    public async Task Collecting_under_traffic_loses_nothing_and_makes_no_scratch_that_traffic_does_not_need()
    {
        var pool = new ScratchPool(new SeededRandom(3));
        long[] told = new long[Campaigns], happened = new long[Campaigns];
        bool done = false;
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(client => Task.Run(() =>
        {
            for (int i = 0; !Volatile.Read(ref done); i++)
            {
                GatewayScratch scratch = pool.Rent();
                Take(scratch, ((i * Clients) + client) % Campaigns);
                pool.Return(scratch);
            }
        }))];
        for (int i = 0; i < 100; i++)
        {
            // A burst, whose sheets take their time to be counted.
            GatewayScratch[] burst = [.. Enumerable.Range(0, AtOnce).Select(_ => pool.Rent())];
            foreach (GatewayScratch scratch in burst)
            {
                for (int campaign = 0; campaign < Campaigns; campaign++)
                    Take(scratch, campaign);
                pool.Return(scratch);
            }
            Collect();
        }
        Volatile.Write(ref done, true);
        await Task.WhenAll(clients);
        Collect();

        Assert.Equal(happened, told);
        Assert.InRange(pool.Made, 1, AtOnce + Clients);

        void Collect() => pool.Collect((campaign, tally) => told[campaign] += tally.Sums.Auctions);

        void Take(GatewayScratch scratch, int campaign)
        {
            scratch.Tallies.Of(campaign).AddAuction(new AuctionSample(0.5f, 1), scratch.Random);
            Interlocked.Increment(ref happened[campaign]);
        }
    }
}
