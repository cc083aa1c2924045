using System.CommandLine;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall calibrate fit | eval | sweep</c>.</summary>
internal static class CalibrateCommands
{
    private static readonly string[] Formats = ["csv", "ipinyou", "obd"];

    public static Command Build(CommandBuilder builder) => CommandBuilder.Group(
        "calibrate", "Make predictions mean what they say, and measure whether they do.", Fit(builder), Eval(builder), Sweep(builder));

    private static Command Fit(CommandBuilder builder)
    {
        var log = new LogOptions();
        Option<string> output = OptionKit.Required("--out", "Map file to write: JSON if it ends in .json, else bytes.", "FILE");
        Option<string> method = OptionKit.Choice("--method", "Method to fit.", CalibrateMethods.Names);
        Option<int> bins = Bins();
        return builder.Build("fit", "Fit a calibration map to a log.", [.. log.Symbols, method, bins, output], async (parsed, context) =>
        {
            CalibrateFitReport report = await context.InStageAsync("Read and fit", stage =>
                CalibrateFit.Run(
                    log.Read(parsed, stage), parsed.GetValue(method)!, parsed.GetValue(bins),
                    parsed.GetRequiredValue(output))).ConfigureAwait(false);
            context.Write(report, static (console, r) => console.Pairs(
                $"{r.Method} map",
                ("rows, positives", $"{Drawing.Count(r.Rows)}, {Drawing.Count((long)r.Positives)}"),
                ("PCOC before", Drawing.Fixed(r.PcocBefore, 4)),
                ("maps of contexts", Drawing.Count(r.Contexts)),
                ("strictly increasing", r.StrictlyIncreasing ? "yes" : "no"),
                ("counted, fitted", $"{Drawing.Milliseconds(r.CountMs)}, {Drawing.Milliseconds(r.FitMs)}"),
                ("file", $"{r.Out} ({Drawing.Bytes(r.Bytes)})")));
        });
    }

    private static Command Eval(CommandBuilder builder)
    {
        var log = new LogOptions(required: false);
        Option<string?> simulated = OptionKit.Optional(
            "--simulated", $"In place of a log: {string.Join(", ", CalibrateScenario.All.Select(s => s.Name))}.", "SCENARIO");
        Option<string> split = OptionKit.Choice("--split", "Which rows are scored: the last in time, or random ones.", "time", "random");
        Option<double> share = OptionKit.Real("--test-share", "Share of rows that is scored.", 0.3, 0.01, 0.99);
        Option<int> bins = Bins();
        Option<int> clusters = OptionKit.Number("--clusters", "N of Cal-N: clusters of the raw score.", 20, 1, 4096);
        Option<int> replicates = OptionKit.Number("--bootstrap", "Bootstrap replicates of a log's intervals.", 200, 10, 100_000);
        Option<int> seeds = OptionKit.Number("--seeds", "Seeds of a simulation.", 20, 1, 10_000);
        Option<double> scale = OptionKit.Real("--scale", "Factor on a simulation's traffic.", 1, 0.001, 1000);
        Option<string?> plots = OptionKit.Optional("--plots", "Folder for the plots (SVG).", "DIR");
        return builder.Build(
            "eval",
            "Fit every method on one part of a log, or of a simulated world, and score it on the rest.",
            [.. log.Symbols, simulated, split, share, bins, clusters, replicates, seeds, scale, plots],
            async (parsed, context) =>
            {
                bool hasLog = log.IsGiven(parsed);
                if (hasLog == parsed.GetValue(simulated) is not null)
                    throw new UsageException("give either --log FILE or --simulated SCENARIO.");
                CalibrateReport report = hasLog
                    ? await context.InStageAsync("Evaluate", stage => CalibrateEval.Run(
                        log.Path(parsed), log.Read(parsed, stage), OfLog(parsed, context.Seed), stage)).ConfigureAwait(false)
                    : await context.InStageAsync("Simulate", stage => CalibrateScenario.Run(
                        parsed.GetValue(simulated)!, OfWorld(parsed, context.Seed), stage)).ConfigureAwait(false);
                context.Write(report, CalibrateDrawing.Draw);
            });

        CalibrateEvalOptions OfLog(ParseResult parsed, ulong seed) => new()
        {
            SplitByTime = parsed.GetValue(split) == "time",
            TestShare = parsed.GetValue(share),
            Bins = parsed.GetValue(bins),
            Clusters = parsed.GetValue(clusters),
            Replicates = parsed.GetValue(replicates),
            Plots = parsed.GetValue(plots),
            Seed = seed,
        };

        CalibrateScenarioOptions OfWorld(ParseResult parsed, ulong seed) => new()
        {
            Seeds = parsed.GetValue(seeds),
            Scale = parsed.GetValue(scale),
            Bins = parsed.GetValue(bins),
            Clusters = parsed.GetValue(clusters),
            Plots = parsed.GetValue(plots),
            Seed = seed,
        };
    }

    private static Command Sweep(CommandBuilder builder)
    {
        Option<int> seeds = OptionKit.Number("--seeds", "Seeds.", 5, 1, 10_000);
        Option<double> scale = OptionKit.Real("--scale", "Factor on the traffic.", 1, 0.001, 1000);
        Option<int> bins = Bins();
        Option<string?> plots = OptionKit.Optional("--plots", "Folder for the plots (SVG).", "DIR");
        const string Description = "Turn bins, window and cadence one at a time in worlds of known truth.";
        return builder.Build("sweep", Description, [seeds, scale, bins, plots], async (parsed, context) =>
        {
            CalibrateSweepReport report = await context.InStageAsync("Sweep", stage => CalibrateSweep.Run(new CalibrateScenarioOptions
            {
                Seeds = parsed.GetValue(seeds),
                Scale = parsed.GetValue(scale),
                Bins = parsed.GetValue(bins),
                Plots = parsed.GetValue(plots),
                Seed = context.Seed,
            }, stage)).ConfigureAwait(false);
            context.Write(report, CalibrateDrawing.Draw);
        });
    }

    private static Option<int> Bins() =>
        OptionKit.Number("--bins", "Most bins of a map.", Calibration.Methods.SmoothedIsotonicRegression.DefaultBins, 1, 4096);

    /// <summary>The options that name a log and say how it is written.</summary>
    private sealed class LogOptions
    {
        private const double HoursPerSecond = 1.0 / 3600;

        private readonly Option<string?> _log;
        private readonly Option<string> _format = OptionKit.Choice(
            "--format", "How the log is written: CSV with p,y[,group,time,weight]; iPinYou's `click price pctr hour`; Open Bandit CSV.",
            Formats);
        private readonly Option<string> _unit = OptionKit.Choice("--time-unit", "Unit of a numeric time column.", "s", "ms", "h", "d");
        private readonly Option<string?> _prior = OptionKit.Optional(
            "--prior-log", "Open Bandit log that the predictions are made from (--format obd).", "FILE");

        public LogOptions(bool required = true) =>
            _log = new Option<string?>("--log") { Description = "Log to read.", HelpName = "FILE", Required = required };

        public Symbol[] Symbols => [_log, _format, _unit, _prior];

        public bool IsGiven(ParseResult parsed) => parsed.GetValue(_log) is not null;

        public string Path(ParseResult parsed) => parsed.GetValue(_log)!;

        public CalibrateLog Read(ParseResult parsed, IProgress<string> progress)
        {
            string format = parsed.GetValue(_format)!;
            if (format == "obd")
                return CalibrateObdReader.Read(Path(parsed), parsed.GetValue(_prior) ?? throw new UsageException(
                    "--format obd needs --prior-log FILE: the log has no predictions of its own."));
            double unit = parsed.GetValue(_unit) switch { "ms" => HoursPerSecond / 1000, "h" => 1, "d" => 24, _ => HoursPerSecond };
            return CalibrateLogReader.Read(
                Path(parsed), format == "ipinyou" ? CalibrateFormat.Ipinyou : CalibrateFormat.Csv, unit, progress);
        }
    }
}

/// <summary>Reports of calibration as tables.</summary>
internal static class CalibrateDrawing
{
    // The table shows the intervals that decide; --json has all of them. A column that is empty in a part is left out.
    private static readonly (string Name, Func<CalibrateRow, string> Cell)[] Columns =
    [
        ("method", row => row.Method),
        ("PCOC>", row => Text(row.Pcoc, 3)),
        ("Cal-N>", row => Text(row.CalN, 3)),
        ("GC-N>", row => Brief(row.GcN, 3)),
        ("ECE>", row => Brief(row.Ece, 5)),
        ("log loss>", row => Brief(row.LogLoss, 5)),
        ("change>", row => Text(row.LogLossChange, 5)),
        ("AUC>", row => Brief(row.Auc, 4)),
        ("to truth>", row => Text(row.DistanceToTruth, 5)),
        ("to best map>", row => Text(row.DistanceToBestMap, 5)),
        ("young>", row => Brief(row.DistanceOnYoung, 5)),
        ("var/h>", row => Brief(row.HourlyVariance, 4)),
        ("fit ms>", row => Drawing.Fixed(row.FitMs, 1)),
        ("ns>", row => Drawing.Fixed(row.ApplyNs, 0)),
    ];

    public static void Draw(IAnsiConsole console, CalibrateReport report)
    {
        foreach (IGrouping<string?, CalibrateRow> part in report.Rows.GroupBy(row => row.Part))
        {
            (string Name, Func<CalibrateRow, string> Cell)[] columns =
                [.. Columns.Where(column => part.Any(row => column.Cell(row).Length > 0))];
            Table table = Drawing.Table(
                part.Key is null ? report.Source : $"{report.Source}: {part.Key}", [.. columns.Select(column => column.Name)]);
            foreach (CalibrateRow row in part)
                table.Row([.. columns.Select(column => column.Cell(row))]);
            console.Write(table);
        }
        console.WriteLine($"fitted on {report.TrainRows:N0} rows ({report.TrainPositives:N0} positives), scored on "
            + $"{report.TestRows:N0} ({report.TestPositives:N0}); counted in {report.CountMs:F1} ms; clusters merged: "
            + $"{report.MergedClusters}");
        foreach (CalibrateFinding finding in report.Findings)
            console.WriteLine($"{(finding.Holds ? "holds" : "FAILS")}: {finding.Claim}: {finding.Figure.Value:G4} "
                + $"({finding.Figure.Low:G4} to {finding.Figure.High:G4}), wanted: {finding.Wanted}");
        foreach (string remark in report.Remarks)
            console.MarkupLineInterpolated($"note: {remark}");
        foreach (string plot in report.Plots)
            console.MarkupLineInterpolated($"plot: {plot}");
    }

    public static void Draw(IAnsiConsole console, CalibrateSweepReport report)
    {
        foreach (IGrouping<string, CalibrateSweepPoint> knob in report.Points.GroupBy(point => point.Knob))
        {
            Table table = Drawing.Table(knob.Key, "series", "setting>", "figure>");
            foreach (
                CalibrateSweepPoint point in knob.OrderBy(point => point.Series, StringComparer.Ordinal).ThenBy(point => point.Setting))
                table.Row(point.Series, Drawing.Fixed(point.Setting, 0), Text(point.Figure, 6));
            console.Write(table);
        }
        foreach (string plot in report.Plots)
            console.MarkupLineInterpolated($"plot: {plot}");
    }

    private static string Text(Interval? interval, int digits)
    {
        if (interval is not { } i)
            return "";
        return double.IsNaN(i.Low)
            ? Drawing.Fixed(i.Value, digits)
            : $"{Drawing.Fixed(i.Value, digits)} [{Drawing.Fixed(i.Low, digits)}, {Drawing.Fixed(i.High, digits)}]";
    }

    private static string Brief(Interval? interval, int digits) => interval is { } i ? Drawing.Fixed(i.Value, digits) : "";
}
