using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Learning.Evaluation;

/// <summary>
/// A way to find the best ads for a prepared user: scoring all, or a search. Thread-safe; a worker brings its own workspace.
/// </summary>
public interface IRetriever
{
    /// <summary>Memory for one worker; passed back to <see cref="Retrieve"/>.</summary>
    object NewWorkspace();

    /// <summary>Finds the best ads.</summary>
    /// <param name="userState">Prepared user state.</param>
    /// <param name="behaviour">Rows of the user's behaviours, near which good ads are likely; a search may start from them.</param>
    /// <param name="workspace">Made by <see cref="NewWorkspace"/>; no other call uses it meanwhile.</param>
    /// <param name="ordinals">Receives ordinals, best first; its length is K.</param>
    /// <returns>Number of ads found, and number of scorings spent.</returns>
    (int Found, int Scorings) Retrieve(ReadOnlySpan<float> userState, ReadOnlySpan<int> behaviour, object workspace, Span<int> ordinals);
}

/// <summary>Scores every ad.</summary>
/// <param name="scorer">The scorer.</param>
public sealed class ExhaustiveRetriever(IScorer scorer) : IRetriever
{
    private const int Block = 1024;

    /// <inheritdoc/>
    public object NewWorkspace() => new Workspace();

    /// <inheritdoc/>
    public (int Found, int Scorings) Retrieve(
        ReadOnlySpan<float> userState, ReadOnlySpan<int> behaviour, object workspace, Span<int> ordinals)
    {
        var own = (Workspace)workspace;
        if (ordinals.IsEmpty)
            return (0, 0);
        own.Collector.Reset(ordinals.Length);
        for (int start = 0; start < scorer.ItemCount; start += Block)
        {
            int length = Math.Min(Block, scorer.ItemCount - start);
            Span<int> block = own.Ordinals.AsSpan(0, length);
            for (int i = 0; i < length; i++)
                block[i] = start + i;
            scorer.Score(userState, block, own.Scores);
            own.Collector.Add(block, own.Scores.AsSpan(0, length));
        }
        if (own.TopScores.Length < ordinals.Length)
            own.TopScores = new float[ordinals.Length];
        return (own.Collector.CopyTo(ordinals, own.TopScores), scorer.ItemCount);
    }

    private sealed class Workspace
    {
        public readonly TopKCollector Collector = new();
        public readonly int[] Ordinals = new int[Block];
        public readonly float[] Scores = new float[Block];
        public float[] TopScores = [];
    }
}
