using RecallCluster.Calibration.Metrics;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Tests;

public class MetricsTests
{
    private static (double[] P, byte[] Y) SourceExample()
    {
        var p = new double[20_000];
        var y = new byte[20_000];
        for (int i = 0; i < 10_000; i++)
        {
            (p[i], y[i]) = (0.2, (byte)(i % 10 < 4 ? 1 : 0));
            (p[10_000 + i], y[10_000 + i]) = (0.8, (byte)(i % 10 < 6 ? 1 : 0));
        }
        return (p, y);
    }

    [Fact]
    public void The_sources_counter_example_has_pcoc_1_and_cal_2_of_0_745()
    {
        (double[] p, byte[] y) = SourceExample();
        CalibrationScores scores = new CalibrationEvaluator(p, y, options: new EvaluationOptions(Clusters: 2)).Evaluate(p);
        Golden.Close(1.0, scores.Pcoc.Value, 1e-12);
        Golden.Close(Math.Sqrt((1 + (1.0 / 9)) / 2), scores.CalN.Value, 1e-12);
        Assert.Equal(0.745, scores.CalN.Value, 3);
        Assert.True(scores.CalN.Low > 0.7 && scores.CalN.High < 0.8);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1.3, 0.3)]
    [InlineData(0.5, 1)]
    [InlineData(2, 1)]
    public void The_error_of_a_pcoc_is_seen_from_the_smaller_side(double pcoc, double error) =>
        Golden.Close(error, CalibrationMetrics.ErrorOf(pcoc));

    [Fact]
    public void Clusters_without_positives_are_merged_with_their_neighbour()
    {
        double all = CalibrationMetrics.CalN([1, 1, 2, 2, 1], [0, 2, 2, 0, 0], [10, 10, 10, 10, 10], out int merged);
        Assert.Equal(3, merged);
        Golden.Close(Math.Sqrt((0 + Math.Pow((5.0 / 2) - 1, 2)) / 2), all);
        Assert.Equal(double.PositiveInfinity, CalibrationMetrics.CalN([1, 1], [0, 0], [5, 5], out _));
        Assert.True(double.IsFinite(CalibrationMetrics.CalN([0, 0], [1, 1], [5, 5], out _)));
        CalibrationMetrics.CalN([1, 0, 1], [1, 0, 1], [5, 0, 5], out int empty);
        Assert.Equal(0, empty);
    }

    [Fact]
    public void Without_positives_or_negatives_each_figure_is_defined()
    {
        double[] p = [0.1, 0.2, 0.3];
        Assert.Equal(double.PositiveInfinity, CalibrationMetrics.Pcoc(p, [0, 0, 0]));
        Assert.Equal(double.NaN, CalibrationMetrics.Auc(p, [0, 0, 0]));
        Assert.Equal(double.NaN, CalibrationMetrics.Auc(p, [1, 1, 1]));
        CalibrationScores none = new CalibrationEvaluator(p, [0, 0, 0]).Evaluate(p);
        Assert.Equal(double.PositiveInfinity, none.CalN.Value);
        Assert.True(double.IsNaN(none.Pcoc.Low));
        CalibrationScores all = new CalibrationEvaluator(p, [1, 1, 1]).Evaluate(p);
        Golden.Close(0.2, all.Pcoc.Value);
        Assert.Equal(0, CalibrationMetrics.LogLoss([0.0, 1.0], [0, 1]), 1e-11);
        Assert.True(double.IsFinite(CalibrationMetrics.LogLoss([1.0, 0.0], [0, 1])));
    }

    [Fact]
    public void Bad_samples_are_refused_by_row()
    {
        Assert.Throws<ArgumentException>(() => CalibrationMetrics.Pcoc([], []));
        Assert.Throws<ArgumentException>(() => CalibrationMetrics.Auc([0.1], [0, 1]));
        Assert.Throws<ArgumentException>(() => CalibrationMetrics.Brier([0.1], [0], [0.0]));
        Assert.Contains(
            "Prediction 1", Assert.Throws<ArgumentOutOfRangeException>(() => CalibrationMetrics.Pcoc([0.1, double.NaN], [0, 1])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "Label 0", Assert.Throws<ArgumentOutOfRangeException>(() => CalibrationMetrics.Pcoc([0.1], [3])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "Weight 1", Assert.Throws<ArgumentOutOfRangeException>(() => CalibrationMetrics.Pcoc([0.1, 0.2], [0, 1], [1, -1])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new CalibrationEvaluator([0.1], [0]).Evaluate([0.1, 0.2]));
    }

    [Fact]
    public void Bootstrap_intervals_cover_the_truth_about_as_often_as_they_say()
    {
        int covered = 0, runs = 200;
        for (int run = 0; run < runs; run++)
        {
            var random = new SeededRandom((ulong)run);
            var p = new double[2000];
            var y = new byte[2000];
            for (int i = 0; i < p.Length; i++)
            {
                p[i] = 0.02 + (0.2 * random.NextDouble());
                y[i] = (byte)(random.NextDouble() < p[i] ? 1 : 0);
            }
            Interval pcoc = new CalibrationEvaluator(p, y, options: new EvaluationOptions(Seed: (ulong)run)).Evaluate(p).Pcoc;
            covered += pcoc.Low <= 1 && pcoc.High >= 1 ? 1 : 0;
        }
        Assert.InRange(covered, 0.88 * runs, 0.99 * runs);
    }

    [Fact]
    public void Evaluation_agrees_with_the_plain_metrics_and_repeats_itself()
    {
        Log log = Log.Random(31, 8);
        byte[] y = [.. log.Y.Select(label => (byte)Math.Round(label))];
        int[] groups = [.. log.Context.Select(context => context[^1] - '0')];
        CalibrationScores a = new CalibrationEvaluator(log.P, y, log.W, groups).Evaluate(log.P, log.P);
        Golden.Close(CalibrationMetrics.Pcoc(log.P, y, log.W), a.Pcoc.Value);
        Golden.Close(CalibrationMetrics.LogLoss(log.P, y, log.W), a.LogLoss.Value);
        Golden.Close(CalibrationMetrics.Brier(log.P, y, log.W), a.Brier.Value);
        Golden.Close(CalibrationMetrics.Auc(log.P, y, log.W), a.Auc.Value);
        Assert.Equal(0, a.DistanceToTruth!.Value.Value);
        foreach (Interval interval in new[] { a.Pcoc, a.CalN, a.Ece, a.Brier, a.LogLoss, a.Auc })
            Assert.InRange(interval.Value, interval.Low, interval.High);
        Assert.Equal(a, new CalibrationEvaluator(log.P, y, log.W, groups).Evaluate(log.P, log.P));
    }

    [Fact]
    public void The_change_of_log_loss_is_paired()
    {
        Log log = Log.Random(31, 8);
        byte[] y = [.. log.Y.Select(label => (byte)label)];
        double[] better = [.. log.P.Select((p, i) => (0.99 * p) + (0.01 * y[i]))];
        var evaluator = new CalibrationEvaluator(log.P, y);
        Interval change = evaluator.LogLossChange(better, log.P);
        Golden.Close(CalibrationMetrics.LogLoss(better, y) - CalibrationMetrics.LogLoss(log.P, y), change.Value, 1e-12);
        Assert.True(change.High < 0);
        Assert.Equal(new Interval(0, 0, 0), evaluator.LogLossChange(log.P, log.P));
        Assert.Throws<ArgumentException>(() => evaluator.LogLossChange(better, [0.1]));
    }

    [Fact]
    public void Gc_n_weighs_the_groups_by_their_impressions()
    {
        (double[] p, byte[] y) = SourceExample();
        int[] groups = [.. p.Select(value => value == 0.2 ? 0 : 1)];
        CalibrationScores scores = new CalibrationEvaluator(
            p.AsSpan(0, 15_000), y.AsSpan(0, 15_000), groups: groups.AsSpan(0, 15_000)).Evaluate(p.AsSpan(0, 15_000));
        Golden.Close(((2.0 / 3) * 1) + ((1.0 / 3) * (1.0 / 3)), scores.GcN!.Value.Value, 1e-9);
    }

    [Fact]
    public void Pcoc_by_period_keeps_periods_apart()
    {
        PeriodPcoc[] series = PcocByPeriod.Series([10, 0.5, 12, 1.5], [0.2, 0.1, 0.4, 0.3], [1, 1, 0, 0], 10);
        Assert.Equal([0L, 1L], series.Select(period => period.Period));
        Golden.Close(0.4, series[0].Pcoc);
        Golden.Close(0.6, series[1].Pcoc);
        Golden.Close(0.02, PcocByPeriod.Variance(series));
        Assert.Throws<ArgumentOutOfRangeException>(() => PcocByPeriod.Series([double.NaN], [0.1], [1], 10));
    }
}
