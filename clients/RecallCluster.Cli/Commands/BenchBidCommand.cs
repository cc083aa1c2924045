using System.CommandLine;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench bid</c>.</summary>
internal static class BenchBidCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new BidBenchOptions();
        Option<int> auctions = OptionKit.Number("--auctions", "Auctions of the linear program.", defaults.Auctions, 1000);
        Option<int> peer = OptionKit.Number(
            "--peer-auctions", "Auctions of the program that HiGHS solves too; 0 for no peer.", defaults.PeerAuctions, 0);
        Option<int> rounds = OptionKit.Number("--rounds", "Rounds; the fastest counts.", defaults.Rounds, 1, 1000);
        return builder.Build(
            "bid",
            "The linear program beside scipy's HiGHS in the same run, one bid, one tick of every controller, replayed auctions a second.",
            [auctions, peer, rounds],
            async (parsed, context) =>
            {
                var options = new BidBenchOptions
                {
                    Auctions = parsed.GetValue(auctions),
                    PeerAuctions = parsed.GetValue(peer),
                    Rounds = parsed.GetValue(rounds),
                    Seed = context.Seed,
                };
                BidBenchReport report = await context.InStageAsync("Bid", stage => BidBench.Run(options, stage)).ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    private static void Draw(IAnsiConsole console, BidBenchReport report)
    {
        Table programs = Drawing.Table(
            $"Linear program with budget and two KPIs beside {report.Peer ?? "no peer: no Python with scipy"}", "auctions>", "ours>",
            "gap>", "peer>", "peer / ours>", "difference of R*>");
        foreach (BidBenchProgram program in report.Programs)
            programs.Row(
                Drawing.Count(program.Auctions), Drawing.Milliseconds(program.Ms), program.RelativeGap.ToString("G2"),
                Drawing.Milliseconds(program.PeerMs ?? double.NaN),
                Drawing.Fixed(program.PeerOverOurs ?? double.NaN, 1), program.Difference?.ToString("G2") ?? "");
        console.Write(programs);
        console.Pairs(
            "Bids",
            ("one by one", $"{report.BidNs:F2} ns"),
            ("over spans", $"{report.SpanBidNs:F2} ns"),
            ("replayed", $"{report.ReplayPerSecond / 1e6:F0} million auctions/s"));
        Table ticks = Drawing.Table("One tick", "controller", "mean>", "bytes allocated>");
        foreach (BidBenchTick tick in report.Ticks)
            ticks.Row(tick.Controller, $"{tick.Microseconds:F2} us", Drawing.Fixed(tick.Bytes, 0));
        console.Write(ticks);
    }
}
