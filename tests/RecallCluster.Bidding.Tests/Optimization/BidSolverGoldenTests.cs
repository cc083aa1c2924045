using System.Text.Json;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Testing;

namespace RecallCluster.Bidding.Tests.Optimization;

public sealed class BidSolverGoldenTests
{
    [Fact]
    public void Optima_are_those_of_HiGHS()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("bidding", "lp.json")));
        int number = 0, infeasible = 0;
        foreach (JsonElement test in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            BidSolution solution = BidSolver.Solve(Problem(test));
            JsonElement optimum = test.GetProperty("optimum");
            if (optimum.ValueKind == JsonValueKind.Null)
            {
                infeasible++;
                Assert.True(solution.Status != BidStatus.Optimal, $"case {number}: HiGHS finds no plan");
            }
            else
            {
                bool isNothing = optimum.GetDouble() == 0 && solution.Status == BidStatus.NothingWithinLimits;
                Assert.True(isNothing || solution.Status == BidStatus.Optimal, $"case {number}: {solution.Status}");
                Close(optimum.GetDouble(), solution.Value, $"case {number}");
                Assert.True(
                    solution.Bound - solution.Value <= 1e-9 * Math.Max(1e-6, solution.Bound),
                    $"case {number}: {solution.Value} of {solution.Bound}");
            }
            number++;
        }
        Assert.Equal(48, number);
        Assert.InRange(infeasible, 1, 20);
    }

    [SharedDataFact("ipinyou_arbitrage")]
    public void Optima_of_real_logs_are_those_of_HiGHS()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("bidding", "ipinyou.json")));
        JsonElement tests = golden.RootElement.GetProperty("cases");
        foreach (IGrouping<string, JsonElement> cases in tests.EnumerateArray().GroupBy(test => test.GetProperty("log").GetString()!))
        {
            BidLog log = BidLogReader.Read(Path.Combine(SharedData.Folder("ipinyou_arbitrage"), cases.Key + ".txt"), BidLogFormat.Rlb);
            foreach (JsonElement test in cases)
            {
                double budget = test.GetProperty("budgetShare").GetDouble() * log.Cost.Sum();
                bool limited = test.GetProperty("cpc").ValueKind == JsonValueKind.Number;
                BidProduct product = limited ? BidProduct.ClickCpc : BidProduct.Click;
                BidSolution solution = BidSolver.Solve(
                    new BidProblem(log.For(product), product.Goal(budget, limited ? test.GetProperty("cpc").GetDouble() : double.NaN)));
                Close(test.GetProperty("optimum").GetDouble(), solution.Value, $"{cases.Key} {test}");
                Assert.True(solution.RelativeGap < 1e-9, $"{cases.Key}: gap {solution.RelativeGap}");
            }
        }
    }

    [SharedDataFact("ipinyou_arbitrage")]
    public void A_thirty_second_of_the_cost_buys_what_was_published()
    {
        (string Name, double Wanted)[] logs = [("1458.train", 96.98), ("1458.test", 29.57), ("2259.test", 7.37), ("2261.test", 7.13)];
        foreach ((string name, double wanted) in logs)
        {
            BidLog log = BidLogReader.Read(Path.Combine(SharedData.Folder("ipinyou_arbitrage"), name + ".txt"), BidLogFormat.Rlb);
            BidSolution solution = BidSolver.Solve(new BidProblem(log.For(BidProduct.Click), BidProduct.Click.Goal(log.Cost.Sum() / 32)));
            Assert.Equal(wanted, solution.Value, 2);
        }
    }

    private static BidProblem Problem(JsonElement test)
    {
        JsonElement[] kpis = [.. test.GetProperty("kpis").EnumerateArray()];
        var log = new AuctionLog(
            Numbers(test.GetProperty("value")), Numbers(test.GetProperty("cost")),
            [.. kpis.Select(kpi => (ReadOnlyMemory<double>)Numbers(kpi.GetProperty("p")))],
            [.. kpis.Select(kpi => kpi.GetProperty("q")).Select(
                q => q.ValueKind == JsonValueKind.Null ? default : (ReadOnlyMemory<double>)Numbers(q))]);
        JsonElement accrued = test.GetProperty("accrued");
        var sums = new TickSums { Spent = accrued.GetProperty("spent").GetDouble(), Value = accrued.GetProperty("value").GetDouble() };
        double[] numerators = Numbers(accrued.GetProperty("numerators")), denominators = Numbers(accrued.GetProperty("denominators"));
        for (int j = 0; j < kpis.Length; j++)
            sums.AddKpi(j, numerators[j], denominators[j]);
        KpiConstraint[] constraints =
        [
            .. kpis.Select((kpi, j) => new KpiConstraint(
                $"kpi{j}", kpi.GetProperty("kind").GetString() == "cost" ? KpiKind.CostRelated : KpiKind.Other,
                kpi.GetProperty("limit").GetDouble())),
        ];
        return new BidProblem(log, new CampaignGoal(test.GetProperty("budget").GetDouble(), constraints), sums);
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetDouble())];

    private static void Close(double expected, double actual, string place) =>
        Assert.True(
            Math.Abs(expected - actual) <= 1e-6 * Math.Max(1e-9, Math.Abs(expected)), $"{place}: expected {expected:R}, got {actual:R}");
}
