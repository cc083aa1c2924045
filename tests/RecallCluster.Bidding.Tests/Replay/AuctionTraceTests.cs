using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Replay;

public sealed class AuctionTraceTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public AuctionTraceTests() => File.Delete(_path);

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(2, 0.3)]
    [InlineData(3, 0.2)]
    [InlineData(20, 0.2)]
    public void Winning_costs_the_rival_that_would_be_pushed_out_or_the_floor(int positions, double expected)
    {
        var auction = new TracedAuction(default, 0.2, positions, [new(1, 0, 0, 0.4f), new(2, 0, 0, 0.5f), new(3, 0, 0, 0.3f), new(4, 0, 0, 0.1f)]);

        Assert.Equal(expected, auction.CostToWin(0), 6);
    }

    [Fact]
    public void What_was_appended_is_read_in_order_of_time()
    {
        TracedAuction[] auctions = Auctions(50);
        using (var writer = new AuctionTraceWriter(_path))
            foreach (TracedAuction auction in auctions.Reverse())
                writer.Append(auction.At, auction.Floor, auction.Positions, auction.Bids);

        Assert.Equivalent(auctions, AuctionTraceReader.Read(_path), strict: true);
    }

    [Fact]
    public void A_torn_end_is_cut_wherever_it_was_torn_and_written_over()
    {
        TracedAuction[] auctions = Auctions(3);
        Write(auctions[..2]);
        long whole = new FileInfo(_path).Length;
        Write(auctions[2..]);
        byte[] bytes = File.ReadAllBytes(_path);
        for (int length = (int)whole; length < bytes.Length; length++)
        {
            File.WriteAllBytes(_path, bytes[..length]);
            Assert.Equal(2, AuctionTraceReader.Read(_path).Length);
            Write(auctions[2..]);
            Assert.Equal(bytes, File.ReadAllBytes(_path));
        }
    }

    [Fact]
    public void A_flipped_bit_ends_the_trace_there()
    {
        Write(Auctions(2));
        byte[] bytes = File.ReadAllBytes(_path);
        bytes[^3] ^= 16;
        File.WriteAllBytes(_path, bytes);

        Assert.Single(AuctionTraceReader.Read(_path));
    }

    [Fact]
    public void Another_file_is_refused()
    {
        File.WriteAllText(_path, "not a trace, but long enough");

        Assert.Contains(_path, Assert.Throws<InvalidDataException>(() => AuctionTraceReader.Read(_path)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new AuctionTraceWriter(_path));
    }

    [Fact]
    public void Columns_are_those_of_one_campaign()
    {
        TracedAuction[] auctions = Auctions(40);

        CampaignTrace trace = CampaignTrace.Of(auctions)[2];

        AuctionLog log = trace.ToLog(BidProduct.ConversionCpc);
        TracedAuction[] own = [.. auctions.Where(auction => auction.Bids.Any(bid => bid.Campaign == 2))];
        Assert.Equal(own.Length, log.Count);
        for (int i = 0; i < own.Length; i++)
        {
            int place = Array.FindIndex(own[i].Bids, bid => bid.Campaign == 2);
            TracedBid bid = own[i].Bids[place];
            Assert.Equal((double)bid.ClickProbability * bid.ConversionProbability, log.Value[i]);
            Assert.Equal(own[i].CostToWin(place), log.Cost[i]);
            Assert.Equal(bid.ClickProbability, log.P(0)[i]);
        }
    }

    private static TracedAuction[] Auctions(int count)
    {
        var random = new SeededRandom(1);
        return
        [
            .. Enumerable.Range(0, count).Select(i => new TracedAuction(
                DateTimeOffset.UnixEpoch.AddMinutes(i), random.NextDouble(), 1 + random.NextInt(3),
                [.. Enumerable.Range(1, 5).Where(_ => random.NextInt(2) == 0).Select(campaign =>
                    new TracedBid(campaign, random.NextSingle(), random.NextSingle(), random.NextSingle()))])),
        ];
    }

    private void Write(TracedAuction[] auctions)
    {
        using var writer = new AuctionTraceWriter(_path);
        foreach (TracedAuction auction in auctions)
            writer.Append(auction.At, auction.Floor, auction.Positions, auction.Bids);
    }
}
