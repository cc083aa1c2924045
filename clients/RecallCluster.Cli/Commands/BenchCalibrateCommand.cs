using System.CommandLine;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench calibrate</c>.</summary>
internal static class BenchCalibrateCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new CalibrateBenchOptions();
        Option<int> samples = OptionKit.Number("--samples", "Samples of the SIR fit and of the sort beside it.", defaults.Samples, 100_000);
        Option<int> pav = OptionKit.Number(
            "--pav-samples", "Samples of isotonic regression, ours and scikit-learn's.", defaults.PavSamples, 1000);
        Option<int> rounds = OptionKit.Number("--rounds", "Rounds; the fastest counts.", defaults.Rounds, 1, 1000);
        return builder.Build(
            "calibrate",
            "Speed of fit and apply, beside one sort of the same array and beside scikit-learn in the same run.",
            [samples, pav, rounds],
            async (parsed, context) =>
            {
                var options = new CalibrateBenchOptions
                {
                    Samples = parsed.GetValue(samples),
                    PavSamples = parsed.GetValue(pav),
                    Rounds = parsed.GetValue(rounds),
                    Seed = context.Seed,
                };
                CalibrateBenchReport report = await context.InStageAsync(
                    "Calibrate", stage => CalibrateBench.Run(options, stage)).ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    private static void Draw(IAnsiConsole console, CalibrateBenchReport report)
    {
        Table fits = Drawing.Table(
            $"Fit of {Drawing.Count(report.Samples)} samples ({report.Simd}); one sort of them: {Drawing.Milliseconds(report.SortMs)}",
            "method", "count>", "fit>", "count and fit / sort>");
        foreach (CalibrateFitFigure fit in report.Fits)
            fits.Row(fit.Method, Drawing.Milliseconds(fit.CountMs), Drawing.Milliseconds(fit.FitMs), Drawing.Fixed(fit.OverSort, 3));
        console.Write(fits);
        Table applies = Drawing.Table("Apply", "map of", "knots>", "one by one [ns]>", "over spans [ns]>");
        foreach (CalibrateApplyFigure apply in report.Applies)
            applies.Row(apply.Map, Drawing.Count(apply.Knots), Drawing.Fixed(apply.ScalarNs, 1), Drawing.Fixed(apply.SpanNs, 1));
        console.Write(applies);
        Table pav = Drawing.Table(
            $"Isotonic regression beside {report.Peer ?? "no peer: no Python with scikit-learn"}", "what", "samples>", "ours>", "peer>",
            "peer / ours>");
        foreach (CalibratePavFigure figure in report.Pav)
            pav.Row(
                figure.What, Drawing.Count(figure.Samples), Drawing.Milliseconds(figure.Ms),
                Drawing.Milliseconds(figure.PeerMs ?? double.NaN), Drawing.Fixed(figure.PeerOverOurs ?? double.NaN));
        console.Write(pav);
    }
}
