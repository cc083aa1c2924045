using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Testing;

namespace RecallCluster.Learning.Tests.Scoring;

[Collection(SimdPaths.Name)]
public sealed class FoldedScorerTests
{
    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Equals_the_formula_for_every_batch_size(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        using var world = new World(64, 128, 64, 500, seed: 1, matchFields: 3);
        for (int batch = 0; batch < 80; batch++)
            world.CheckBatch(batch);
        foreach (int batch in new[] { 95, 96, 97, 191, 193, 1000 })
            world.CheckBatch(batch);
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Equals_the_formula_for_every_width(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        foreach ((int d, int h1, int h2) in new[]
        {
            (16, 32, 32), (16, 32, 16), (32, 96, 48), (48, 64, 1), (128, 256, 128), (64, 48, 64), (24, 16, 24), (8, 8, 8), (4, 8, 3),
            (1, 1, 1), (5, 7, 3), (20, 24, 33), (64, 128, 40),
        })
        {
            using var world = new World(d, h1, h2, 60, seed: 2, matchFields: d % 5);
            foreach (int batch in new[] { 1, 7, 30, 59 })
                world.CheckBatch(batch);
        }
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void An_empty_sequence_has_no_attention(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        using var world = new World(64, 128, 64, 40, seed: 3);
        world.User.AsSpan(world.Weights.NormalizerOffset, 64).Clear();
        world.User.AsSpan(world.Weights.AttentionOffset, 64 * 128).Clear();
        world.CheckBatch(40);
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void The_score_of_an_ad_does_not_depend_on_its_company(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        using var world = new World(64, 128, 64, 300, seed: 4);
        float[] together = world.Score([.. Enumerable.Range(0, 300)]);
        for (int i = 0; i < 300; i += 17)
            Assert.Equal(together[i], world.Score([i])[0]);
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Not_a_number_stays_with_its_ad(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        using var world = new World(64, 128, 64, 50, seed: 5);
        world.Records[(20 * world.Weights.RecordLength) + 3] = float.NaN;
        world.Records[(31 * world.Weights.RecordLength) + 100] = float.NaN;
        float[] scores = world.Score([.. Enumerable.Range(0, 50)]);
        for (int i = 0; i < 50; i++)
            Assert.Equal(i is 20 or 31, float.IsNaN(scores[i]));
        world.User[world.Weights.NormalizerOffset + 5] = float.NaN;
        Assert.All(world.Score([1, 2, 3]), score => Assert.True(float.IsNaN(score)));
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void A_resident_copy_scores_the_same(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        using var world = new World(64, 128, 64, 100, seed: 9);
        int[] ordinals = [.. Enumerable.Range(0, 100)];
        float[] expected = world.Score(ordinals), scores = new float[100];
        using FoldedScorer resident = FoldedScorer.Resident(world.Weights, world.Records, 100);
        world.Records.Span(0, (int)world.Records.Length).Clear();
        resident.Score(world.User, ordinals, scores);
        Assert.Equal(expected, scores);
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Records_in_bfloat16_equal_the_formula_over_the_rounded_records(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        foreach ((int d, int h1, int h2) in new[] { (64, 128, 64), (32, 96, 48), (24, 16, 24), (4, 8, 3), (5, 7, 3) })
        {
            using var world = new World(d, h1, h2, 90, seed: 10, matchFields: 2);
            int[] ordinals = [.. Enumerable.Range(0, 90)];
            float[] exact = world.Score(ordinals);
            using FoldedScorer resident = FoldedScorer.Resident(world.Weights, world.Records, 90, bfloat16: true);
            for (int i = 0; i < 90; i++)
                foreach (ref float value in world.Records.Span((long)i * world.Weights.RecordLength, d + h1))
                    value = BFloat16.Widen(BFloat16.Narrow(value));
            float[] expected = world.Score(ordinals), scores = new float[90];
            resident.Score(world.User, ordinals, scores);
            Assert.Equal(expected, scores);
            Assert.NotEqual(exact, scores);
            Assert.All(exact.Zip(scores), pair => Assert.True(Math.Abs(pair.First - pair.Second) < 0.05 * (1 + Math.Abs(pair.First))));
        }
    }

    [Fact]
    public void Allocates_nothing_once_warm()
    {
        using var world = new World(64, 128, 64, 200, seed: 6);
        int[] ordinals = [.. Enumerable.Range(0, 200)];
        float[] scores = new float[200];
        world.Scorer.Score(world.User, ordinals, scores);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            world.Scorer.Score(world.User, ordinals, scores);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Serves_several_threads_at_once()
    {
        using var world = new World(64, 128, 64, 300, seed: 7);
        int[] ordinals = [.. Enumerable.Range(0, 300)];
        float[] expected = world.Score(ordinals);
        Parallel.For(0, 8, _ =>
        {
            for (int round = 0; round < 20; round++)
                Assert.Equal(expected, world.Score(ordinals));
        });
    }

    [Fact]
    public void Refuses_what_does_not_fit()
    {
        using var world = new World(16, 32, 16, 10, seed: 8);
        Assert.Equal(10, world.Scorer.ItemCount);
        Assert.Equal(32 + 16 + 16 + (16 * 32), world.Scorer.UserStateLength);
        float[] scores = new float[2];
        Assert.Throws<ArgumentException>(() => world.Scorer.Score(world.User.AsSpan(1), [1], scores));
        Assert.Throws<ArgumentException>(() => world.Scorer.Score(world.User, [1, 2, 3], scores));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Scorer.Score(world.User, [1, 10], scores));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Scorer.Score(world.User, [-1], scores));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => world.Scorer.Score(world.User, [.. Enumerable.Repeat(3, 60), 1 << 30], new float[61]));
        Assert.Throws<ArgumentException>(() => new FoldedScorer(world.Weights, world.Records, 11));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FoldedScorer(world.Weights, world.Records, -1));
        Assert.Throws<ArgumentException>(() => FoldedScorer.Resident(world.Weights, world.Records, 11));
        using var halves = new NativeBlock<ushort>(world.Records.Length - 1);
        Assert.Throws<ArgumentException>(() => new FoldedScorer(world.Weights, halves, 10));
        world.Scorer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => world.Scorer.Score(world.User, [1], scores));
    }

    [Fact]
    public void Weights_must_fit_each_other()
    {
        float[] three = new float[3], two = new float[2];
        Assert.Throws<ArgumentOutOfRangeException>(() => new FoldedWeights(0, three, new float[6], two, two, two, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FoldedWeights(4, [], [], two, two, two, 0));
        Assert.Throws<ArgumentException>(() => new FoldedWeights(4, three, new float[5], two, two, two, 0));
        Assert.Throws<ArgumentException>(() => new FoldedWeights(4, three, new float[6], two, three, two, 0));
        Assert.Throws<ArgumentException>(() => new FoldedWeights(4, three, new float[6], two, two, three, 0));
        Assert.Throws<ArgumentException>(() => new FoldedWeights(4, three, new float[6], two, two, two, 0, new MatchLayout(2, 0)));
        Assert.Throws<ArgumentException>(() => new FoldedWeights(4, three, new float[6], two, two, two, 0, new MatchLayout(2, 48)));
        Assert.Throws<ArgumentException>(() => new FoldedWeights(4, three, new float[6], two, two, two, 0, new MatchLayout(-1, 16)));
        Assert.Throws<OverflowException>(
            () => new FoldedWeights(4, three, new float[6], two, two, two, 0, new MatchLayout(1 << 20, 1 << 20)));
        var weights = new FoldedWeights(4, three, new float[6], two, two, two, 0.5f);
        Assert.Equal((4, 3, 2, 7, 23), (weights.Width, weights.Hidden1, weights.Hidden2, weights.RecordLength, weights.UserStateLength));
        Assert.Equal((3, 7, 11), (weights.NormalizerOffset, weights.InteractionOffset, weights.AttentionOffset));
    }

    /// <summary>A random model, table and user, and the formula as it is written.</summary>
    private sealed class World : IDisposable
    {
        private readonly SeededRandom _random;

        private readonly Dictionary<int, float>[] _matches;
        private readonly int[] _codes;

        public World(int d, int h1, int h2, int items, ulong seed, int matchFields = 0)
        {
            _random = new SeededRandom(seed);
            float layer1 = 1 / MathF.Sqrt(d), layer2 = 1 / MathF.Sqrt(h1);
            Weights = new FoldedWeights(
                d, Uniform(h1, 0, 0.5f), Uniform(h1 * h2, -layer2, layer2), Uniform(h2, -0.5f, 0.5f), Uniform(h2, -0.2f, 0.5f),
                Uniform(h2, -1, 1), 0.3f,
                matchFields == 0 ? default : new MatchLayout(matchFields, 32));
            _codes = [.. Enumerable.Range(0, items * matchFields).Select(_ => _random.NextInt(12))];
            Records = new NativeBlock<float>((long)items * Weights.RecordLength);
            for (int i = 0; i < items; i++)
            {
                Uniform(d, 0.01f, 2).CopyTo(Records.Span((long)i * Weights.RecordLength, d));
                Uniform(h1, -1, 1).CopyTo(Records.Span(((long)i * Weights.RecordLength) + d, h1));
                Span<float> rest = Records.Span(((long)i * Weights.RecordLength) + d + h1, Weights.Match.RecordFloats);
                Weights.Match.WriteCodes(_codes.AsSpan(i * matchFields, matchFields), rest);
            }
            User = Uniform(Weights.UserStateLength, -layer1, layer1);
            Uniform(d, 0.01f, 1).CopyTo(User, Weights.NormalizerOffset);
            Uniform(d * h1, -2, 2).CopyTo(User, Weights.AttentionOffset);
            int[] behaviours = [.. Enumerable.Range(0, 8 * matchFields).Select(_ => _random.NextInt(12))];
            float[] weights = Uniform(matchFields * HistoryMatch.Levels, -2, 2);
            Weights.Match.WriteTables(behaviours, weights, User.AsSpan(Weights.MatchOffset));
            _matches = [.. Enumerable.Range(0, matchFields).Select(field => behaviours
                .Where((code, i) => i % matchFields == field && code != 0)
                .GroupBy(code => code)
                .ToDictionary(group => group.Key, group => weights[(field * HistoryMatch.Levels) + HistoryMatch.LevelOf(group.Count())]))];
            Scorer = new FoldedScorer(Weights, Records, items);
        }

        public FoldedWeights Weights { get; }

        public NativeBlock<float> Records { get; }

        public float[] User { get; }

        public FoldedScorer Scorer { get; }

        public float[] Score(int[] ordinals)
        {
            float[] scores = new float[ordinals.Length];
            Scorer.Score(User, ordinals, scores);
            return scores;
        }

        public void CheckBatch(int size)
        {
            int[] ordinals = new int[size];
            for (int i = 0; i < size; i++)
                ordinals[i] = _random.NextInt(Scorer.ItemCount);
            float[] scores = new float[size + 1];
            scores[size] = 77;
            Scorer.Score(User, ordinals, scores);
            Assert.Equal(77, scores[size]);
            for (int i = 0; i < size; i++)
            {
                double exact = Formula(ordinals[i]);
                Assert.True(
                    Math.Abs(scores[i] - exact) <= 1e-5 * (1 + Math.Abs(exact)),
                    $"d {Weights.Width}, h1 {Weights.Hidden1}, h2 {Weights.Hidden2}, batch {size}: ad {i} is {scores[i]}, not {exact}");
            }
        }

        public void Dispose()
        {
            Scorer.Dispose();
            Records.Dispose();
        }

        private double Formula(int item)
        {
            int d = Weights.Width, h1 = Weights.Hidden1;
            ReadOnlySpan<float> phi = Records.Span((long)item * Weights.RecordLength, d);
            ReadOnlySpan<float> target = Records.Span(((long)item * Weights.RecordLength) + d, h1);
            double normalizer = FoldedWeights.Epsilon, score = Weights.B3;
            for (int field = 0; field < _matches.Length; field++)
                score += _matches[field].GetValueOrDefault(_codes[(item * _matches.Length) + field]);
            for (int k = 0; k < d; k++)
            {
                normalizer += (double)phi[k] * User[Weights.NormalizerOffset + k];
                score += (double)phi[k] * User[Weights.InteractionOffset + k];
            }
            double[] hidden = new double[h1];
            for (int c = 0; c < h1; c++)
            {
                double attention = 0;
                for (int k = 0; k < d; k++)
                    attention += (double)phi[k] * User[Weights.AttentionOffset + (k * h1) + c];
                hidden[c] = Prelu(User[c] + target[c] + (attention / normalizer), Weights.Slope1[c]);
            }
            for (int c = 0; c < Weights.Hidden2; c++)
            {
                double sum = Weights.B2[c];
                for (int k = 0; k < h1; k++)
                    sum += Weights.W2[(c * h1) + k] * hidden[k];
                score += Weights.W3[c] * Prelu(sum, Weights.Slope2[c]);
            }
            return score;
        }

        private static double Prelu(double x, double slope) => x < 0 ? x * slope : x;

        private float[] Uniform(int length, float low, float high)
        {
            float[] values = new float[length];
            for (int i = 0; i < length; i++)
                values[i] = low + ((high - low) * _random.NextSingle());
            return values;
        }
    }
}
