using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;

namespace RecallCluster.Bidding.Tests.Replay;

public sealed class BidLogReaderTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void An_rlb_log_has_prices_per_thousand_and_perhaps_hours()
    {
        BidLog log = Read("0\t80\t0.000062\t14\n1 50 0.25 15\n\n", BidLogFormat.Rlb);
        Assert.Equal([0.08, 0.05], log.Cost);
        Assert.Equal([0.000062, 0.25], log.Column("pctr"));
        Assert.Equal([14.0, 15.0], log.Hours!);
        Assert.Null(Read("0\t80\t0.1\n", BidLogFormat.Rlb).Hours);
    }

    [Fact]
    public void A_csv_names_its_columns()
    {
        BidLog log = Read("pctr,cost,pcvr\n0.1,2,0.5\n", BidLogFormat.Csv);
        Assert.Equal([2.0], log.Cost);
        AuctionLog auctions = log.For(BidProduct.ConversionCpc);
        Assert.Equal(0.05, auctions.Value[0], 1e-12);
        Assert.Equal(0.1, auctions.P(0)[0]);
        Assert.Equal(0, Read("price,pctr\n", BidLogFormat.Csv).Count);
    }

    [Theory]
    [InlineData("0\t80\n", "line 1: column 'pctr' is missing")]
    [InlineData("0\t80\t0.1\n0\tx\t0.1\n", "line 2, column 'price'")]
    [InlineData("0\tNaN\t0.1\n", "line 1, column 'price'")]
    [InlineData("0\t-1\t0.1\n", "line 1, column 'price'")]
    [InlineData("0\t1\t1.5\n", "no probability")]
    [InlineData("0\t1\t0.5\t1\n0\t1\t0.5\n", "have an hour")]
    [InlineData("0\t1\t0.5\t1\t7\n", "more than 4 fields")]
    [InlineData("0\t1e308\t0.5\n0\t1e308\t0.5\n", "column 'price': 2 lines add up")]
    public void A_broken_line_is_named(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Read(text, BidLogFormat.Rlb)).Message);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("pctr\n0.1\n", "either price")]
    [InlineData("price,cost\n1,1\n", "either price")]
    [InlineData("price,pctr,pctr\n", "comes twice")]
    public void A_broken_header_is_said_to_be(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Read(text, BidLogFormat.Csv)).Message);

    [Fact]
    public void A_missing_column_is_named() =>
        Assert.Contains(
            "pcvr", Assert.Throws<ArgumentException>(() => Read("0\t80\t0.1\n", BidLogFormat.Rlb).For(BidProduct.ConversionCpc)).Message);

    private BidLog Read(string text, BidLogFormat format)
    {
        File.WriteAllText(_path, text);
        return BidLogReader.Read(_path, format);
    }
}
