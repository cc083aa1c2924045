using RecallCluster.Testing;

namespace RecallCluster.Numerics.Tests;

[Collection(SimdPaths.Name)]
public unsafe class TopKTests
{
    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Select_agrees_with_sorting(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        var random = new SeededRandom(7);
        foreach (int count in new[] { 0, 1, 2, 15, 16, 17, 95, 96, 97, 400, 5_000, 20_000 })
        {
            foreach (ScoreKind kind in Enum.GetValues<ScoreKind>())
            {
                float[] scores = [.. Enumerable.Range(0, count).Select(i => Draw(kind, i, random))];
                foreach (int k in new[] { 1, 2, 7, 1_500, Math.Max(1, count / 2), Math.Max(1, count - 1), Math.Max(1, count), count + 5 })
                    AssertSelects(scores, k);
            }
        }
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Collector_agrees_with_sorting_whatever_the_batches(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        var random = new SeededRandom(11);
        var collector = new TopKCollector();
        for (int round = 0; round < 60; round++)
        {
            int count = random.NextInt(12_000);
            var kind = (ScoreKind)random.NextInt(Enum.GetValues<ScoreKind>().Length);
            float[] scores = [.. Enumerable.Range(0, count).Select(i => Draw(kind, i, random))];
            int[] ordinals = [.. Enumerable.Range(0, count)];
            random.Shuffle(ordinals.AsSpan());
            float[] shuffled = [.. ordinals.Select(o => scores[o])];
            int k = 1 + random.NextInt(2_000);
            collector.Reset(k);
            int nan = 0;
            for (int start = 0; start < count;)
            {
                int length = Math.Min(count - start, 1 + random.NextInt(5_000));
                nan += collector.Add(ordinals.AsSpan(start, length), shuffled.AsSpan(start, length));
                start += length;
            }
            (int[] wantedOrdinals, float[] wantedScores) = Naive(scores, k);
            var gotOrdinals = new int[collector.Count];
            var gotScores = new float[collector.Count];
            Assert.Equal(wantedOrdinals.Length, collector.CopyTo(gotOrdinals, gotScores));
            Assert.Equal(wantedOrdinals, gotOrdinals);
            Assert.Equal(wantedScores, gotScores);
            Assert.Equal(scores.Count(float.IsNaN), nan);
        }
    }

    [Fact]
    public void Merged_collectors_hold_the_best_of_both()
    {
        var random = new SeededRandom(3);
        float[] scores = [.. Enumerable.Range(0, 9_000).Select(_ => random.NextSingle())];
        int[] ordinals = [.. Enumerable.Range(0, scores.Length)];
        var left = new TopKCollector();
        var right = new TopKCollector();
        left.Reset(500);
        right.Reset(500);
        left.Add(ordinals.AsSpan(0, 4_000), scores.AsSpan(0, 4_000));
        right.Add(ordinals.AsSpan(4_000), scores.AsSpan(4_000));
        left.Merge(right);
        var got = new int[500];
        left.CopyTo(got, new float[500]);
        Assert.Equal(Naive(scores, 500).Ordinals, got);
    }

    [Fact]
    public void Keys_order_scores_and_break_ties_by_the_lower_ordinal()
    {
        float[] ascending =
            [float.NegativeInfinity, float.MinValue, -1, -float.Epsilon, 0, float.Epsilon, 1, float.MaxValue, float.PositiveInfinity];
        for (int i = 1; i < ascending.Length; i++)
            Assert.True(
                TopKKey.Pack(ascending[i - 1], 0) < TopKKey.Pack(ascending[i], int.MaxValue), $"{ascending[i - 1]} < {ascending[i]}");
        Assert.True(TopKKey.Pack(1, 4) > TopKKey.Pack(1, 5));
        Assert.Equal(TopKKey.Pack(0f, 3), TopKKey.Pack(-0f, 3));
        Assert.True(TopKKey.Pack(float.NaN, 0) <= TopKKey.None);
        Assert.True(TopKKey.Pack(BitConverter.UInt32BitsToSingle(0xFFFFFFFF), 0) <= TopKKey.None);
        Assert.True(TopKKey.Pack(float.NegativeInfinity, int.MaxValue) > TopKKey.None);
        foreach (float score in ascending)
        {
            ulong key = TopKKey.Pack(score, 123_456_789);
            Assert.Equal(score, TopKKey.Score(key));
            Assert.Equal(123_456_789, TopKKey.Ordinal(key));
        }
    }

    [Fact]
    public void A_rank_outside_the_keys_is_refused()
    {
        ulong key = 1, scratch = 0;
        Assert.Throws<ArgumentOutOfRangeException>(() => KthOf(key, 2, scratch));
        Assert.Throws<ArgumentOutOfRangeException>(() => TopK.Select([1f], 0, new int[1], new float[1]));
        Assert.Throws<ArgumentException>(() => TopK.Select([1f, 2f], 2, new int[1], new float[2]));
    }

    private static ulong KthOf(ulong key, int k, ulong scratch) => TopK.KthLargest(&key, 1, k, &scratch);

    private static void AssertSelects(float[] scores, int k)
    {
        (int[] wantedOrdinals, float[] wantedScores) = Naive(scores, k);
        int room = Math.Min(k, scores.Length);
        var ordinals = new int[room];
        var top = new float[room];
        int written = TopK.Select(scores, k, ordinals, top);
        Assert.Equal(wantedOrdinals, ordinals[..written]);
        Assert.Equal(wantedScores, top[..written]);
    }

    private static (int[] Ordinals, float[] Scores) Naive(float[] scores, int k)
    {
        int[] ordinals = [.. Enumerable.Range(0, scores.Length)
            .Where(i => !float.IsNaN(scores[i]))
            .OrderByDescending(i => scores[i])
            .ThenBy(i => i)
            .Take(k)];
        return (ordinals, [.. ordinals.Select(i => scores[i])]);
    }

    private enum ScoreKind
    {
        Uniform,
        FewValues,
        Ascending,
        Descending,
        Equal,
        SomeNaN,
        AllNaN,
        Extreme,
    }

    private static float Draw(ScoreKind kind, int i, SeededRandom random) => kind switch
    {
        ScoreKind.Uniform => (random.NextSingle() * 2) - 1,
        ScoreKind.FewValues => random.NextInt(5) - 2,
        ScoreKind.Ascending => i,
        ScoreKind.Descending => -i,
        ScoreKind.Equal => 3,
        ScoreKind.SomeNaN => random.NextInt(3) == 0 ? float.NaN : random.NextSingle(),
        ScoreKind.AllNaN => float.NaN,
        _ => random.NextInt(4) switch { 0 => float.PositiveInfinity, 1 => float.NegativeInfinity, 2 => 0f, _ => float.Epsilon },
    };

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public unsafe void The_largest_move_to_the_front_and_both_parts_keep_their_order(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        var random = new SeededRandom(8);
        foreach (int count in new[] { 1, 7, 96, 97, 1_000 })
        {
            foreach (int k in new[] { 1, (count / 2) + 1, count })
            {
                ulong[] input = [.. Enumerable.Range(0, count).Select(i => TopKKey.Pack((float)random.NextGaussian(), i))];
                var moved = new ulong[count + TopK.Slack];
                input.CopyTo(moved, 0);
                var scratch = new ulong[count + TopK.Slack];
                fixed (ulong* keys = moved, room = scratch)
                    TopK.MoveLargestToFront(keys, count, k, room);
                ulong smallest = input.OrderDescending().ElementAt(k - 1);
                Assert.Equal(input.Where(key => key >= smallest).Concat(input.Where(key => key < smallest)), moved.Take(count));
            }
        }
    }
}
