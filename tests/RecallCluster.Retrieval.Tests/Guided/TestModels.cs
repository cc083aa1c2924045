using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Tests.Building;

namespace RecallCluster.Retrieval.Tests.Guided;

/// <summary>A scorer written as a function of user state and ordinal, which counts what it is asked.</summary>
internal sealed class FunctionScorer(int itemCount, int userStateLength, Func<float[], int, float> score) : IScorer
{
    private int _calls;
    private long _scorings;

    public int ItemCount => itemCount;

    public int UserStateLength => userStateLength;

    public int Calls => _calls;

    public long Scorings => _scorings;

    public List<int[]>? Batches { get; init; }

    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _scorings, ordinals.Length);
        Batches?.Add(ordinals.ToArray());
        float[] state = userState.ToArray();
        for (int i = 0; i < ordinals.Length; i++)
            scores[i] = score(state, ordinals[i]);
    }
}

/// <summary>Ads with vectors, a graph over them and a nonlinear model whose score is smooth along the graph.</summary>
internal sealed class TestModel
{
    public const int Dim = 8;

    public TestModel(int count, ulong seed = 1, int levelRatio = 8)
    {
        Count = count;
        Vectors = TestVectors.Gaussian(count, Dim, seed);
        Graph = HnswBuilder.Build(
            Vectors, count, Dim, new HnswOptions { M = 8, EfConstruction = 60, Seed = seed, LevelRatio = levelRatio });
        Scorer = new FunctionScorer(count, Dim, Score);
    }

    public int Count { get; }

    public NativeBlock<float> Vectors { get; }

    public HnswGraph Graph { get; }

    public FunctionScorer Scorer { get; }

    /// <summary>Two interests: near one point or near its opposite.</summary>
    public float Score(float[] user, int ordinal)
    {
        double near = 0, far = 0;
        for (int i = 0; i < Dim; i++)
        {
            double value = Vectors[(ordinal * Dim) + i];
            near += (value - user[i]) * (value - user[i]);
            far += (value + user[i]) * (value + user[i]);
        }
        return (float)(Math.Exp(-near / 8) + (0.8 * Math.Exp(-far / 8)));
    }

    public static float[] User(SeededRandom random)
    {
        var user = new float[Dim];
        foreach (ref float value in user.AsSpan())
            value = (float)random.NextGaussian();
        return user;
    }

    /// <summary>The k best ordinals among the eligible by scoring all, ties to the lower ordinal.</summary>
    public int[] Best(float[] user, int k, Func<int, bool>? eligible = null) =>
        [.. Enumerable.Range(0, Count)
            .Where(i => eligible is null || eligible(i))
            .OrderByDescending(i => Score(user, i))
            .ThenBy(i => i)
            .Take(k)];
}
