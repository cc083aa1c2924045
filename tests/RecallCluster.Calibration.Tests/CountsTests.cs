using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Tests;

public class CountsTests
{
    [Fact]
    public void A_prediction_lies_between_its_cells_edges()
    {
        var random = new SeededRandom(3);
        for (int i = 0; i < 200_000; i++)
        {
            double logit = 40 * (random.NextDouble() - 0.5), p = 1 / (1 + Math.Exp(-logit));
            int cell = LogitGrid.CellOf(p);
            Assert.True(p >= LogitGrid.LowerEdge(cell) || p >= 0.5);
            Assert.True(p <= LogitGrid.LowerEdge(cell + 1));
            Assert.Equal(Math.Clamp((logit + 16) * 128, 0, 4095.999), cell, 1.01);
        }
    }

    [Fact]
    public void Cells_ascend_with_the_prediction_over_the_whole_range()
    {
        Assert.Equal(0, LogitGrid.CellOf(0));
        Assert.Equal(0, LogitGrid.CellOf(double.Epsilon));
        Assert.Equal(LogitGrid.Cells - 1, LogitGrid.CellOf(1));
        Assert.Equal(2048, LogitGrid.CellOf(0.5));
        Assert.Equal(2047, LogitGrid.CellOf(Math.BitDecrement(0.5)));
        int previous = 0;
        for (int cell = 1; cell < LogitGrid.Cells; cell++)
        {
            double edge = LogitGrid.LowerEdge(cell);
            Assert.True(edge > LogitGrid.LowerEdge(cell - 1));
            int at = LogitGrid.CellOf(edge), before = LogitGrid.CellOf(Math.BitDecrement(edge));
            Assert.True(before >= previous && at >= before && at - before <= 1);
            previous = at;
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-1e-300)]
    [InlineData(1.0000000000000002)]
    [InlineData(double.PositiveInfinity)]
    public void A_prediction_outside_the_unit_interval_is_refused_and_not_counted(double p)
    {
        var counts = new CalibrationCounts();
        Assert.Throws<ArgumentOutOfRangeException>(() => counts.Add(p, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => counts.Add([0.5, p], [0, 0]));
        Assert.Single(counts.Summarise());
    }

    [Theory]
    [InlineData(0.5, -0.1, 1)]
    [InlineData(0.5, double.NaN, 1)]
    [InlineData(0.5, 1.1, 1)]
    [InlineData(0.5, 1, -1)]
    [InlineData(0.5, 1, double.NaN)]
    [InlineData(0.5, 1, 2e6)]
    public void A_bad_label_or_weight_is_refused_and_not_counted(double p, double y, double weight)
    {
        var counts = new CalibrationCounts();
        Assert.Throws<ArgumentOutOfRangeException>(() => counts.Add(p, y, weight));
        Assert.True(counts.IsEmpty);
    }

    [Fact]
    public void The_sums_are_those_of_the_log()
    {
        Log log = Log.Random(11, 8);
        CellSummary[] cells = log.Count().Total().Summarise();
        Golden.Close(log.W.Sum(), cells.Sum(cell => cell.Weight), 1e-6);
        Golden.Close(log.P.Zip(log.W, (p, w) => p * w).Sum(), cells.Sum(cell => cell.Predictions), 1e-6);
        Golden.Close(log.Y.Zip(log.W, (y, w) => y * w).Sum(), cells.Sum(cell => cell.Positives), 1e-6);
        foreach (CellSummary cell in cells)
            Assert.Equal(cell.Cell, LogitGrid.CellOf(cell.MeanPrediction), 1.01);
    }

    [Fact]
    public void The_fast_path_counts_like_the_general_one()
    {
        var random = new SeededRandom(5);
        var p = new double[5000];
        var y = new byte[5000];
        var general = new CalibrationCounts();
        for (int i = 0; i < p.Length; i++)
        {
            p[i] = random.NextDouble() * random.NextDouble();
            y[i] = (byte)random.NextInt(2);
            general.Add(p[i], y[i]);
        }
        var fast = new CalibrationCounts();
        fast.Add(p, y);
        Assert.Equal(general, fast);
        Assert.Equal(general.GetHashCode(), fast.GetHashCode());
        Assert.Throws<ArgumentOutOfRangeException>(() => fast.Add([0.1], [2]));
        Assert.Throws<ArgumentException>(() => fast.Add([0.1], []));
    }

    [Fact]
    public void Any_split_of_a_log_over_parts_gives_the_same_counts_and_the_same_maps()
    {
        for (ulong seed = 0; seed < 40; seed++)
        {
            Log log = Log.Random(seed);
            var random = new SeededRandom(seed + 1000);
            ContextCounts[] parts = [.. Enumerable.Range(0, 1 + random.NextInt(7)).Select(_ => new ContextCounts())];
            int[] order = [.. Enumerable.Range(0, log.P.Length)];
            random.Shuffle<int>(order);
            foreach (int i in order)
                parts[random.NextInt(parts.Length)].Add(log.Context[i], log.P[i], log.Y[i], log.W[i]);
            random.Shuffle<ContextCounts>(parts);
            var merged = new ContextCounts();
            foreach (ContextCounts part in parts)
                merged.Merge(CountsFormat.FromBytes(CountsFormat.ToBytes(part)));
            ContextCounts whole = log.Count();
            Assert.Equal(whole, merged);
            foreach (ICalibrator method in Log.AllMethods)
                Assert.Equal(ModelFormat.ToBytes(method.Fit(whole)), ModelFormat.ToBytes(method.Fit(merged)));
        }
    }

    [Fact]
    public void A_part_can_be_taken_out_again_exactly()
    {
        ContextCounts first = Log.Random(20, 8).Count(), second = Log.Random(21, 8).Count(), sum = new();
        sum.Merge(first);
        sum.Merge(second);
        sum.Subtract(first);
        Assert.Equal(second, sum);
        var small = new CalibrationCounts();
        small.Add(0.3, 1);
        var empty = new CalibrationCounts();
        Assert.Throws<InvalidOperationException>(() => empty.Subtract(small));
        Assert.True(empty.IsEmpty);
    }

    [Fact]
    public void A_label_is_replaced_exactly()
    {
        var counts = new CalibrationCounts();
        counts.Add(0.02, 0.013, 2.5);
        counts.Add(0.02, 1);
        counts.ReplaceLabel(0.02, 0.013, 1, 2.5);
        var expected = new CalibrationCounts();
        expected.Add(0.02, 1, 2.5);
        expected.Add(0.02, 1);
        Assert.Equal(expected, counts);
        Assert.Throws<InvalidOperationException>(() => counts.ReplaceLabel(0.9, 1, 0));
    }

    [Fact]
    public void Counters_near_overflow_refuse_before_they_wrap()
    {
        var counts = new CalibrationCounts();
        counts.Add(0.4, 1, CalibrationCounts.MaxWeight);
        for (int doubling = 0; doubling < 22; doubling++)
            counts.Merge(counts.Copy());
        CalibrationCounts before = counts.Copy();
        Assert.Throws<OverflowException>(() => counts.Merge(before));
        Assert.Equal(before, counts);
        CellSummary cell = Assert.Single(counts.Summarise());
        Golden.Close(0.4, cell.MeanPrediction, 1e-15);
        Golden.Close(1, cell.Positives / cell.Weight, 1e-15);
    }

    [Fact]
    public void Ancestors_hold_the_sum_of_their_children()
    {
        Log log = Log.Random(30, 8);
        ContextCounts counts = log.Count();
        SortedDictionary<string, CalibrationCounts> tree = counts.RollUp();
        Assert.Equal(counts.Total(), tree[ContextCounts.Root]);
        var advertiser = new CalibrationCounts();
        foreach (string context in counts.Contexts.Where(context => context.StartsWith("adv1/", StringComparison.Ordinal)))
            advertiser.Merge(counts.At(context));
        Assert.Equal(advertiser, tree["adv1"]);
        Assert.Throws<ArgumentException>(() => counts.At("adv1//camp"));
    }

    [Fact]
    public void Equal_frequency_bins_share_the_impressions_and_lose_none()
    {
        for (ulong seed = 0; seed < 30; seed++)
        {
            CalibrationCounts counts = Log.Random(seed).Count().Total();
            CellSummary[] cells = counts.Summarise();
            Bin[] bins = EqualFrequencyBins.Derive(counts, 10);
            Assert.True(bins.Length <= 10);
            Golden.Close(cells.Sum(cell => cell.Weight), bins.Sum(bin => bin.Weight), 1e-9);
            for (int i = 1; i < bins.Length; i++)
                Assert.True(bins[i].FirstCell > bins[i - 1].LastCell && bins[i].MeanPrediction > bins[i - 1].MeanPrediction);
        }
        var even = new CalibrationCounts();
        for (int i = 1; i <= 1000; i++)
            even.Add(i / 1001.0, 0);
        Assert.All(EqualFrequencyBins.Derive(even, 10), bin => Assert.InRange(bin.Weight, 95, 105));
        Assert.Throws<ArgumentOutOfRangeException>(() => EqualFrequencyBins.Derive(even, 0));
    }

    [Fact]
    public void Damaged_counts_are_named_and_refused()
    {
        byte[] bytes = CountsFormat.ToBytes(Log.Random(9, 8).Count());
        for (int length = 0; length < bytes.Length; length += 97)
            Assert.Throws<InvalidDataException>(() => CountsFormat.FromBytes(bytes.AsSpan(0, length)));
        for (int place = 0; place < bytes.Length; place += 31)
        {
            byte[] damaged = (byte[])bytes.Clone();
            damaged[place] ^= 0x40;
            Assert.Throws<InvalidDataException>(() => CountsFormat.FromBytes(damaged));
        }
    }
}
