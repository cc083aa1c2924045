using System.CommandLine;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bid solve | replay | train | simulate</c>.</summary>
internal static class BidCommands
{
    public static Command Build(CommandBuilder builder) => CommandBuilder.Group(
        "bid", "Bid under a budget and KPIs: the optimum, controllers, their training.", Solve(builder), Replay(builder), Train(builder),
        Simulate(builder));

    private static Command Solve(CommandBuilder builder)
    {
        var log = new BidLogOptions(required: true);
        var goal = new BidGoalOptions();
        Option<double?> budget = new("--budget") { Description = "Budget, in units of cost.", HelpName = "x" };
        Option<double?> share = new("--budget-share") { Description = "Budget as a share of the log's total cost.", HelpName = "x" };
        Option<string[]> kpis = new("--kpi")
        {
            Description = "Any KPI: NAME,LIMIT,P for a cost per P, NAME,LIMIT,P,Q for Q per P; P and Q are columns, products of columns "
                + "(pctr*pcvr), or 1.",
            HelpName = "SPEC",
        };
        Option<string?> value = OptionKit.Optional("--objective", "In place of the product's: a column, or a product of columns.", "EXPR");
        Option<double> spent = OptionKit.Real("--spent", "Cost that has accrued.", 0, 0, double.PositiveInfinity);
        Option<double> gained = OptionKit.Real("--value", "Value that has accrued.", 0, 0, double.PositiveInfinity);
        Option<double[]> sums = OptionKit.Reals(
            "--kpi-sums", "What has accrued of each KPI: numerator,denominator,...", [], 0, double.MaxValue);
        return builder.Build(
            "solve", "R*: what the auctions of a log could have brought, and the weights that bid for it.",
            [.. log.Symbols, .. goal.Symbols, budget, share, kpis, value, spent, gained, sums],
            async (parsed, context) =>
            {
                BidSolveReport report = await context.InStageAsync("Solve", stage => BidSolve.Run(new BidSolveOptions
                {
                    Log = log.Read(parsed),
                    Goal = goal.Of(parsed),
                    Budget = parsed.GetValue(budget),
                    BudgetShare = parsed.GetValue(share),
                    Kpis = parsed.GetValue(kpis) ?? [],
                    Objective = parsed.GetValue(value),
                    Spent = parsed.GetValue(spent),
                    Value = parsed.GetValue(gained),
                    KpiSums = parsed.GetValue(sums) ?? [],
                })).ConfigureAwait(false);
                context.Write(report, BidDrawing.Draw);
            });
    }

    private static Command Replay(CommandBuilder builder)
    {
        var log = new BidLogOptions(required: true);
        var goal = new BidGoalOptions();
        Option<double[]> shares = OptionKit.Reals("--budget-share", "Budgets as shares of the log's total cost.", [1.0 / 32], 0, 1e6);
        Option<string?> train = OptionKit.Optional(
            "--train",
            "Log of the day before, of the same format; else the first part of the log is known and only the rest replayed.",
            "FILE");
        Option<double> known = OptionKit.Real(
            "--known-share", "Without --train: share of the log, at its beginning, that is known and not replayed.", 0.1, 0.01, 0.99);
        Option<string[]> controllers = Controllers();
        Option<string?> models = OptionKit.Optional(
            "--models", "Folder with trained actors; else they are trained on what is known.", "DIR");
        Option<int> rounds = OptionKit.Number("--rounds", "Rounds of training, where actors are trained.", 50, 1, 100_000);
        Option<string> by = OptionKit.Choice("--by", "Ticks by share of the log, or by its hours.", "share", "hour");
        Option<int> ticks = OptionKit.Number("--ticks", "Ticks by share.", 48, 1, 100_000);
        Option<string?> plots = OptionKit.Optional("--plots", "Folder for the plots (SVG).", "DIR");
        return builder.Build(
            "replay", "Let controllers run a logged day, and compare with the optimum.",
            [.. log.Symbols, .. goal.Symbols, shares, train, known, controllers, models, rounds, by, ticks, plots],
            async (parsed, context) =>
            {
                BidReplayReport report = await context.RunAsync(stages => BidReplay.Run(new BidReplayOptions
                {
                    Log = log.Read(parsed),
                    Known = parsed.GetValue(train) is { } path ? log.Read(parsed, path) : null,
                    KnownShare = parsed.GetValue(known),
                    Goal = goal.Of(parsed),
                    BudgetShares = parsed.GetValue(shares)!,
                    Controllers = Chosen(parsed.GetValue(controllers)),
                    Models = parsed.GetValue(models),
                    Rounds = parsed.GetValue(rounds),
                    ByHour = parsed.GetValue(by) == "hour",
                    Ticks = parsed.GetValue(ticks),
                    Plots = parsed.GetValue(plots),
                    Seed = context.Seed,
                }, stages, context.Cancellation)).ConfigureAwait(false);
                context.Write(report, BidDrawing.Draw);
            });
    }

    private static Command Train(CommandBuilder builder)
    {
        var log = new BidLogOptions(required: false);
        var goal = new BidGoalOptions();
        Option<string> output = OptionKit.Required(
            "--out", "Folder for the actors and their checkpoints; a training that was broken off goes on.", "DIR");
        Option<string[]> controllers = Controllers();
        Option<int> rounds = OptionKit.Number("--rounds", "Rounds of playing and learning.", 60, 1, 100_000);
        Option<int> ticks = OptionKit.Number("--ticks", "Ticks of a day.", 48, 2, 10_000);
        Option<bool> compare = OptionKit.Switch("--compare-critics", "Train an ordinary DDPG critic beside, and plot both.");
        Option<string?> plots = OptionKit.Optional("--plots", "Folder for the plots (SVG).", "DIR");
        return builder.Build(
            "train", "Train DRLB and USCB, on days made of a log or on simulated campaigns.",
            [.. log.Symbols, .. goal.Symbols, output, controllers, rounds, ticks, compare, plots],
            async (parsed, context) =>
            {
                BidTrainReport report = await context.RunAsync(stages => BidTrain.Run(new BidTrainOptions
                {
                    Log = log.IsGiven(parsed) ? log.Read(parsed) : null,
                    Goal = goal.Of(parsed),
                    Out = parsed.GetRequiredValue(output),
                    Controllers = Chosen(parsed.GetValue(controllers)),
                    Rounds = parsed.GetValue(rounds),
                    Ticks = parsed.GetValue(ticks),
                    CompareCritics = parsed.GetValue(compare),
                    Plots = parsed.GetValue(plots),
                    Seed = context.Seed,
                }, stages, context.Cancellation)).ConfigureAwait(false);
                context.Write(report, BidDrawing.Draw);
            });
    }

    private static Command Simulate(CommandBuilder builder)
    {
        Option<string[]> products = new("--products")
        {
            Description = "Products, separated by commas.",
            DefaultValueFactory = _ => BidSimulate.DefaultProducts,
            AllowMultipleArgumentsPerToken = true,
            HelpName = "NAME,...",
        };
        Option<int> campaigns = OptionKit.Number("--campaigns", "Campaigns of each product and level.", 30, 2, 100_000);
        Option<int> auctions = OptionKit.Number("--auctions", "Expected auctions of a day.", 8000, 500, 10_000_000);
        Option<int> rounds = OptionKit.Number("--rounds", "Rounds of training of DRLB and USCB.", 60, 1, 100_000);
        Option<string[]> controllers = Controllers();
        Option<string?> models = OptionKit.Optional("--models", "Folder with trained actors; else they are trained first.", "DIR");
        Option<string?> histogram = OptionKit.Optional(
            "--histogram", "Prices as in this histogram of iPinYou (JSON); else log-normal.", "FILE");
        Option<string?> plots = OptionKit.Optional("--plots", "Folder for the plots (SVG).", "DIR");
        return builder.Build(
            "simulate", "The source's experiment: products by how much days differ, every controller against the optimum.",
            [products, campaigns, auctions, rounds, controllers, models, histogram, plots],
            async (parsed, context) =>
            {
                BidSimulateReport report = await context.RunAsync(stages => BidSimulate.Run(new BidSimulateOptions
                {
                    Products = [.. Split(parsed.GetValue(products)).Select(Product)],
                    Campaigns = parsed.GetValue(campaigns),
                    Auctions = parsed.GetValue(auctions),
                    Rounds = parsed.GetValue(rounds),
                    Controllers = Chosen(parsed.GetValue(controllers)),
                    Models = parsed.GetValue(models),
                    Histogram = parsed.GetValue(histogram),
                    Plots = parsed.GetValue(plots),
                    Seed = context.Seed,
                }, stages, context.Cancellation)).ConfigureAwait(false);
                context.Write(report, BidDrawing.Draw);
            });
    }

    private static Option<string[]> Controllers() => new("--controllers")
    {
        Description = $"Controllers, separated by commas: all, {string.Join(", ", ControllerCatalogue.Names)}.",
        DefaultValueFactory = _ => ["all"],
        AllowMultipleArgumentsPerToken = true,
        HelpName = "NAME,...",
    };

    private static string[] Chosen(string[]? names)
    {
        string[] chosen = Split(names);
        if (chosen.Contains("all"))
            return [.. ControllerCatalogue.Names];
        return chosen.FirstOrDefault(name => !ControllerCatalogue.Names.Contains(name)) is { } unknown
            ? throw new UsageException(
                $"--controllers: there is no controller '{unknown}'; there are {string.Join(", ", ControllerCatalogue.Names)}.")
            : chosen;
    }

    private static string[] Split(string[]? names) =>
        [.. (names ?? []).SelectMany(name => name.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    private static BidProduct Product(string name) => BidProduct.All.FirstOrDefault(product => product.Name == name)
        ?? throw new UsageException(
            $"there is no product '{name}'; there are {string.Join(", ", BidProduct.All.Select(product => product.Name))}.");

    /// <summary>The options that name a log.</summary>
    private sealed class BidLogOptions
    {
        private readonly Option<string?> _log;
        private readonly Option<string> _format = OptionKit.Choice(
            "--format", "rlb: `click price pctr [hour]`; csv: a header with price or cost, pctr, ...", "rlb", "csv");

        public BidLogOptions(bool required) =>
            _log = new Option<string?>("--log") { Description = "Log to read.", HelpName = "FILE", Required = required };

        public Symbol[] Symbols => [_log, _format];

        public bool IsGiven(ParseResult parsed) => parsed.GetValue(_log) is not null;

        public BidLog Read(ParseResult parsed, string? path = null) =>
            BidLogReader.Read(path ?? parsed.GetValue(_log)!, parsed.GetValue(_format) == "csv" ? BidLogFormat.Csv : BidLogFormat.Rlb);
    }

    /// <summary>The options that say what is bought.</summary>
    private sealed class BidGoalOptions
    {
        private readonly Option<string> _product = OptionKit.Choice(
            "--product", "Objective and KPI.", [.. BidProduct.All.Select(product => product.Name)]);
        private readonly Option<double?> _cpc = new("--cpc") { Description = "Highest cost per click, in units of cost.", HelpName = "x" };
        private readonly Option<double?> _ctr = new("--ctr") { Description = "Lowest CTR.", HelpName = "x" };
        private readonly Option<double?> _pcvr = new("--pcvr")
        {
            Description = "Conversion probability of every click, where the log has none.",
            HelpName = "x",
        };

        public Symbol[] Symbols => [_product, _cpc, _ctr, _pcvr];

        public BidGoalChoice Of(ParseResult parsed) =>
            new(Product(parsed.GetValue(_product)!), parsed.GetValue(_cpc), parsed.GetValue(_ctr), parsed.GetValue(_pcvr));
    }
}
