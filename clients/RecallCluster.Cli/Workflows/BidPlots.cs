using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Plots;

namespace RecallCluster.Cli.Workflows;

/// <summary>The pictures of bidding: spend against plan, weights over the day, R/R* by controller, the critics' convergence.</summary>
internal static class BidPlots
{
    /// <summary>Spend and w0 over the day of the last budget, and R/R* by budget.</summary>
    public static IReadOnlyList<string> OfReplay(
        string folder, IReadOnlyList<(string Controller, ReplayOutcome Outcome)> runs, double budget, IReadOnlyList<BidReplayRow> rows)
    {
        Axis day = new("share of the day");
        ChartSeries plan = new("plan", [new ChartPoint(0, 0), new ChartPoint(1, 1)]);
        var plots = new List<string>
        {
            CalibratePlots.Save(folder, "bidding-spend.svg", new LineChart("Spend against plan", day, new Axis("spent of the budget"),
            [
                plan,
                .. runs.Select(run => new ChartSeries(
                    run.Controller,
                    [.. run.Outcome.Trace.Select(tick => new ChartPoint(tick.Elapsed, budget > 0 ? tick.Spent / budget : 0))])),
            ])),
            CalibratePlots.Save(folder, "bidding-weights.svg", new LineChart(
                "Weight w0 over the day", day, new Axis("w0", "cost per value", AxisScale.Logarithmic),
                [.. runs.Select(run => new ChartSeries(run.Controller, [.. WeightsOf(run.Outcome)]))])),
        };
        if (rows.Select(row => row.BudgetShare).Distinct().Count() > 1 && rows.All(row => row.BudgetShare > 0))
            plots.Add(CalibratePlots.Save(folder, "bidding-ratio.svg", new LineChart(
                "R/R* by budget", new Axis("budget over total cost", "", AxisScale.Logarithmic), new Axis("R/R*"),
                [.. rows.GroupBy(row => row.Controller).Select(own => new ChartSeries(
                    own.Key, [.. own.OrderBy(row => row.BudgetShare).Select(row => new ChartPoint(row.BudgetShare, row.Ratio))]))])));
        return plots;
    }

    /// <summary>Penalised R/R* by measured deviation of the optimal weight, averaged over products.</summary>
    public static string OfSimulation(string folder, IReadOnlyList<BidSimulateRow> rows) =>
        CalibratePlots.Save(folder, "bidding-controllers.svg", new LineChart(
            "R/R* (penalised) by how much days differ, mean of the products",
            new Axis("standard deviation of the optimal weight over its mean"), new Axis("penalised R/R*"),
            [
                .. rows.GroupBy(row => row.Controller).Select(own => new ChartSeries(
                    own.Key,
                    [.. own.GroupBy(row => row.Level).Select(level => new ChartPoint(
                        level.Average(row => row.WeightDeviation), level.Average(row => row.PenalizedRatio.Value), level.Key))])),
            ]));

    /// <summary>Score on validation days by gradient steps.</summary>
    public static string Convergence(string folder, IReadOnlyList<BidTraining> trainings) =>
        CalibratePlots.Save(folder, "bidding-critics.svg", new LineChart(
            "Convergence: penalised R/R* on days kept for validation", new Axis("gradient steps"), new Axis("penalised R/R*"),
            [.. trainings.Select(training => new ChartSeries(
                LegendOf(training), [.. training.Curve.Select(point => new ChartPoint(point.Steps, point.Score))]))]));

    private static IEnumerable<ChartPoint> WeightsOf(ReplayOutcome outcome) =>
        outcome.Trace.Where(tick => tick.Weights.Value > 0).Select(tick => new ChartPoint(tick.Elapsed, tick.Weights.Value));

    private static string LegendOf(BidTraining training) => training.Controller switch
    {
        "uscb" => "USCB (act, then hold)",
        "ddpg" => "ordinary DDPG",
        _ => training.Controller.ToUpperInvariant(),
    };
}
