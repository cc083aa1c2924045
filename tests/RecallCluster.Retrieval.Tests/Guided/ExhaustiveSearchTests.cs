using RecallCluster.Numerics;
using RecallCluster.Retrieval.Tests.Building;

namespace RecallCluster.Retrieval.Tests.Guided;

public class ExhaustiveSearchTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2_047)]
    [InlineData(9_001)]
    public void It_equals_sorting_all_scores(int count)
    {
        var random = new SeededRandom(1);
        float[] scores = [.. Enumerable.Range(0, count).Select(i => i % 50 == 7 ? float.NaN : random.NextInt(1_000))];
        var scorer = new FunctionScorer(count, 1, (user, i) => scores[i] * user[0]);
        var filter = new EligibilityFilter(count);
        for (int i = 0; i < count; i++)
            filter[i] = random.NextInt(4) == 0;
        using var team = new WorkerTeam(2);
        foreach (WorkerTeam? workers in new[] { null, team })
        {
            var search = new ExhaustiveSearch(scorer, workers);
            foreach (int k in new[] { 1, 10, 1_500, 20_000 })
            {
                Assert.Equal(Naive(scores, _ => true, k), search.Search([1f], k).Ordinals);
                Assert.Equal(Naive(scores, i => filter[i], k), search.Search([1f], k, filter).Ordinals);
            }
        }
    }

    [Fact]
    public void The_inner_product_model_ranks_by_the_product()
    {
        const int Count = 500, Dim = 12;
        NativeBlock<float> vectors = TestVectors.Gaussian(Count, Dim, 4);
        float[] user = [.. Enumerable.Range(0, Dim).Select(i => (float)Math.Sin(i))];
        (int[] ordinals, float[] scores) = new ExhaustiveSearch(new InnerProductScorer(vectors, Count, Dim)).Search(user, 20);
        Assert.Equal(TestVectors.Nearest(vectors, Count, Dim, user, 20, VectorMetric.InnerProduct), ordinals);
        for (int i = 0; i < ordinals.Length; i++)
        {
            double product = Enumerable.Range(0, Dim).Sum(j => (double)user[j] * vectors[(ordinals[i] * Dim) + j]);
            Assert.Equal(product, scores[i], 1e-4);
        }
    }

    [Fact]
    public void Misuse_is_named()
    {
        var search = new ExhaustiveSearch(new FunctionScorer(5, 2, (_, _) => 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => search.Search(new float[2], 0));
        Assert.Contains(
            "3 floats", Assert.Throws<ArgumentException>(() => search.Search(new float[3], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new InnerProductScorer(new NativeBlock<float>(7), 2, 4));
    }

    private static int[] Naive(float[] scores, Func<int, bool> eligible, int k) =>
        [.. Enumerable.Range(0, scores.Length)
            .Where(i => eligible(i) && !float.IsNaN(scores[i]))
            .OrderByDescending(i => scores[i])
            .ThenBy(i => i)
            .Take(k)];
}
