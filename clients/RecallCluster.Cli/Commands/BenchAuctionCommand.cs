using System.CommandLine;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench auction</c>.</summary>
internal static class BenchAuctionCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new AuctionBenchOptions();
        Option<int[]> bids = OptionKit.Numbers("--bids", "Bids in an auction.", [.. defaults.Bids], 1, 100_000);
        Option<int> auctions = OptionKit.Number("--auctions", "Auctions of a round.", defaults.Auctions, 1000);
        Option<int> events = OptionKit.Number("--events", "Events of a round of the ledger.", defaults.Events, 1000);
        Option<int> day = OptionKit.Number("--day-auctions", "Auctions of a simulated day.", defaults.DayAuctions, 1000);
        Option<int> campaigns = OptionKit.Number("--campaigns", "Campaigns of the simulated market.", defaults.Campaigns, 1, 100_000);
        Option<int> slots = OptionKit.Number(
            "--slots", "Slots of GSP, first price, and a second run of the simulated market.", defaults.Slots, 1, AuctionRequest.MaxSlots);
        Option<int> threads = OptionKit.Threads();
        Option<int> rounds = OptionKit.Number("--rounds", "Rounds of auctions and books; the fastest counts.", defaults.Rounds, 1, 100_000);
        Option<int> days = OptionKit.Number("--days", "Days of the simulated market; the fastest counts.", defaults.Days, 1, 1000);
        return builder.Build(
            "auction",
            "Speed of auctions by kind and pricing, of wallet and ledger, and of a simulated market.",
            [bids, auctions, events, day, campaigns, slots, threads, rounds, days],
            async (parsed, context) =>
            {
                var options = new AuctionBenchOptions
                {
                    Bids = parsed.GetValue(bids)!,
                    Auctions = parsed.GetValue(auctions),
                    Events = parsed.GetValue(events),
                    DayAuctions = parsed.GetValue(day),
                    Campaigns = parsed.GetValue(campaigns),
                    Slots = parsed.GetValue(slots),
                    Threads = parsed.GetValue(threads),
                    Rounds = parsed.GetValue(rounds),
                    Days = parsed.GetValue(days),
                    Seed = context.Seed,
                };
                AuctionBenchReport report = await context
                    .InStageAsync("Auctions", stage => AuctionBench.Run(options, stage)).ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    private static void Draw(IAnsiConsole console, AuctionBenchReport report)
    {
        Table auctions = Drawing.Table("Auctions, one thread", "auction", "bids priced by", "bids>", "slots>", "auctions/s>", "ns a bid>");
        foreach (AuctionFigure figure in report.Auctions)
        {
            string speed = Drawing.Count((long)figure.AuctionsPerSecond);
            auctions.Row(
                figure.Auction, figure.Pricing, Drawing.Count(figure.Bids), Drawing.Count(figure.Slots), speed,
                Drawing.Fixed(figure.NsPerBid, 1));
        }
        console.Write(auctions);
        Table money = Drawing.Table("Books, one thread", "what", "a second>");
        foreach (MoneyFigure figure in report.Money)
            money.Row(figure.What, Drawing.Count((long)figure.PerSecond));
        console.Write(money);
        Table market = Drawing.Table(
            "Simulated market", "campaigns>", "slots>", "our bids an auction>", "won by us>", "threads>", "auctions/s>", "by CPU time>");
        foreach (MarketFigure figure in report.Market)
        {
            string speed = Drawing.Count((long)figure.AuctionsPerSecond), work = Drawing.Count((long)figure.AuctionsPerCpuSecond);
            market.Row(
                Drawing.Count(figure.Campaigns), Drawing.Count(figure.Slots), Drawing.Fixed(figure.BidsPerAuction, 1),
                Drawing.Percent(figure.WonShare), Drawing.Count(figure.Threads), speed, work);
        }
        console.Write(market);
    }
}
