using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.PostClick;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Tests;

public class PostClickTests
{
    private static readonly PostClickOptions Options = new(Window: 100, SignalHorizon: 1, Slice: 10);

    [Fact]
    public void The_soft_label_is_what_is_left_to_expect()
    {
        Assert.Equal(0.2, SoftLabel.OfPending(0.2, 0));
        Assert.Equal(0, SoftLabel.OfPending(0.2, 1));
        Assert.Equal(0, SoftLabel.OfPending(1, 1));
        Assert.Equal(1, SoftLabel.OfPending(1, 0.5));
        Golden.Close(0.1 / 0.9, SoftLabel.OfPending(0.2, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => SoftLabel.OfPending(double.NaN, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => SoftLabel.OfPending(0.5, -0.1));

        // Of many clicks the conversions so far and the soft labels of the rest add up to p, at any age: that is what unbiased means.
        foreach (double share in new[] { 0.1, 0.5, 0.9 })
            Golden.Close(0.3, (0.3 * share) + ((1 - (0.3 * share)) * SoftLabel.OfPending(0.3, share)));
    }

    [Fact]
    public void The_delay_distribution_is_the_empirical_one()
    {
        var delays = new DelayDistribution([1, 2, 2, 8, 500], 10);
        Assert.Equal(0, delays.ShareBy(0.5));
        Assert.Equal(0.25, delays.ShareBy(1));
        Assert.Equal(0.75, delays.ShareBy(2));
        Assert.Equal(0.75, delays.ShareBy(7));
        Assert.Equal(1, delays.ShareBy(10));
        Assert.Equal(0, delays.ShareBy(-3));
        Assert.Equal(0.3, new DelayDistribution([], 10).ShareBy(3), 12);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DelayDistribution([-1], 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DelayDistribution([1], 0));
        double[] many = [.. Enumerable.Range(0, 50_000).Select(i => i / 5000.0)];
        Assert.Equal(0.37, new DelayDistribution(many, 10).ShareBy(3.7), 0.002);
    }

    [Fact]
    public void The_model_recovers_the_coefficients_it_was_made_with()
    {
        var random = new SeededRandom(3);
        var clicks = new MaturedClick[40_000];
        for (int i = 0; i < clicks.Length; i++)
        {
            double[] signals = [random.NextGaussian() * 5, random.NextInt(2)];
            clicks[i] = new MaturedClick(signals, random.NextDouble() < Truth(signals));
        }
        PostClickModel model = PostClickModel.Train(clicks);
        foreach (double[] signals in new double[][] { [0, 0], [5, 1], [-5, 1], [8, 0] })
            Assert.Equal(1, model.Predict(signals) / Truth(signals), 0.12);
        Assert.Throws<ArgumentException>(() => model.Predict([1]));
        Assert.Throws<ArgumentException>(() => model.Predict([1, double.NaN]));
        Assert.Throws<ArgumentException>(() => PostClickModel.Train([]));
        Assert.Throws<ArgumentException>(() => PostClickModel.Train([new([1], true), new([1, 2], true)]));
        Assert.InRange(PostClickModel.Train([new([1], false), new([1], false)]).Predict([1]), 0, 0.5);
    }

    [Fact]
    public void Labels_are_soft_while_open_and_replaced_exactly()
    {
        PostClickLedger ledger = Trained();
        double start = ledger.Now;
        ledger.RecordClick(1001, start, 0.05, "a", [1]);
        ledger.RecordClick(1002, start, 0.05, "a", [1]);
        ledger.Advance(start + 0.5);
        Assert.True(ledger.Snapshot(start).IsEmpty);
        ledger.Advance(start + 1.5);
        double early = Labels(ledger, start);
        ledger.Advance(start + 60);
        double late = Labels(ledger, start);
        Assert.True(late > 0 && late < early, $"{early} {late}");
        Assert.True(ledger.RecordConversion(1001, start + 70));
        Assert.False(ledger.RecordConversion(1001, start + 71));
        Golden.Close(1 + (late / 2), Labels(ledger, start), 1e-9);
        ledger.Advance(start + 100);
        var settled = new ContextCounts();
        settled.Add("a", 0.05, 1);
        settled.Add("a", 0.05, 0);
        Assert.Equal(settled, ledger.Snapshot(start));
        Assert.Equal(0, ledger.Open);
        Assert.False(ledger.RecordConversion(1002, start + 101));
        Assert.Equal(2, ledger.UnmatchedConversions);
    }

    [Fact]
    public void Without_a_model_clicks_wait_until_their_window_is_over()
    {
        var ledger = new PostClickLedger(Options);
        Assert.False(ledger.Train());
        ledger.RecordClick(1, 0, 0.1, null, [0]);
        ledger.RecordClick(2, 0, 0.1, null, [0]);
        ledger.RecordConversion(1, 5);
        ledger.Advance(99);
        Assert.True(ledger.Snapshot(0).IsEmpty);
        ledger.Advance(100);
        CellSummary cell = Assert.Single(ledger.Snapshot(0).Total().Summarise());
        Assert.Equal((2, 1), (cell.Weight, cell.Positives));
    }

    [Fact]
    public void Repeated_late_and_backward_events_change_nothing()
    {
        var ledger = new PostClickLedger(Options);
        Assert.True(ledger.RecordClick(1, 200, 0.1, null, [0]));
        Assert.False(ledger.RecordClick(1, 201, 0.1, null, [0]));
        Assert.False(ledger.RecordClick(2, 100, 0.1, null, [0]));
        Assert.False(ledger.RecordConversion(7, 205));
        ledger.Advance(150);
        Assert.Equal(205, ledger.Now);
        Assert.False(ledger.RecordConversion(1, 301));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.RecordClick(3, double.NaN, 0.1, null, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.RecordClick(3, 205, 1.1, null, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PostClickLedger(new PostClickOptions(10, 10, 1)));
    }

    [Fact]
    public void Forgetting_drops_old_slices_and_keeps_open_clicks()
    {
        PostClickLedger ledger = Trained();
        double start = ledger.Now;
        ledger.RecordClick(5000, start, 0.05, "a", [1]);
        ledger.Advance(start + 50);
        ledger.Forget(start + 1000);
        Assert.Single(ledger.Snapshot(-1e6).Total().Summarise());
        ledger.Advance(start + 200);
        ledger.Forget(start + 1000);
        Assert.True(ledger.Snapshot(-1e6).IsEmpty);
    }

    private static double Truth(double[] signals) => 1 / (1 + Math.Exp(3 - (0.2 * signals[0]) - signals[1]));

    private static double Labels(PostClickLedger ledger, double since) =>
        ledger.Snapshot(since).Total().Summarise().Sum(cell => cell.Positives);

    private static PostClickLedger Trained()
    {
        var random = new SeededRandom(1);
        var ledger = new PostClickLedger(Options);
        for (int id = 0; id < 1000; id++)
        {
            ledger.RecordClick(id, 0, 0.1, null, [random.NextInt(2)]);
            if (id % 5 == 0)
                ledger.RecordConversion(id, 80 * random.NextDouble());
        }
        ledger.Advance(100);
        Assert.True(ledger.Train());
        Assert.Equal(1000, ledger.Matured);
        return ledger;
    }
}
