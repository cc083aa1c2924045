using RecallCluster.Numerics;

namespace RecallCluster.Retrieval;

/// <summary>
/// The K ads of highest score for a user by scoring all of them: the truth that every other search is measured against. The ads are split
/// over a team of threads in blocks, each part keeping its own best; the parts' best are merged. Thread-safe; searches at the same time
/// share the team.
/// </summary>
public sealed unsafe class ExhaustiveSearch
{
    private const int BlockSize = 2048;

    /// <summary>More parts than threads, so that a thread that is held up does not hold up the answer.</summary>
    private const int PartsPerThread = 4;

    private readonly IScorer _scorer;
    private readonly WorkerTeam? _team;

    /// <summary>A search over all ads that <paramref name="scorer"/> knows.</summary>
    /// <param name="scorer">The model; a deep one or an <see cref="InnerProductScorer"/>.</param>
    /// <param name="team">Threads that share the work, or null for the caller's alone.</param>
    public ExhaustiveSearch(IScorer scorer, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        _scorer = scorer;
        _team = team;
    }

    /// <summary>Finds the best ads.</summary>
    /// <param name="userState">Prepared user state, <see cref="IScorer.UserStateLength"/> floats.</param>
    /// <param name="k">Number of ads wanted, at least 1.</param>
    /// <param name="filter">The ads that may be returned; null for all.</param>
    /// <returns>
    /// The ads, best first, ties by the lower ordinal; fewer than K where fewer are eligible or have a score that is a number.
    /// </returns>
    /// <exception cref="ArgumentException">The user state has the wrong length.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is not positive.</exception>
    public (int[] Ordinals, float[] Scores) Search(ReadOnlySpan<float> userState, int k, EligibilityFilter? filter = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(k);
        if (userState.Length != _scorer.UserStateLength)
        {
            throw new ArgumentException(
                $"The user state has {userState.Length} floats; the scorer wants {_scorer.UserStateLength}.", nameof(userState));
        }
        int room = Math.Max(1, Math.Min(k, _scorer.ItemCount));
        var parts = new Part[_team is null ? 1 : _team.Size * PartsPerThread];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = new Part(room);
        fixed (float* state = userState)
        {
            var job = new Job(this, state, userState.Length, filter, parts);
            if (_team is null)
                job.Run(0);
            else
                _team.Run(parts.Length, job);
        }
        TopKCollector best = parts[0].Best;
        foreach (Part part in parts.AsSpan(1))
            best.Merge(part.Best);
        var ordinals = new int[best.Count];
        var scores = new float[best.Count];
        best.CopyTo(ordinals, scores);
        return (ordinals, scores);
    }

    private void Run(Part part, int start, int end, ReadOnlySpan<float> userState, EligibilityFilter? filter)
    {
        while (start < end)
        {
            int count = 0;
            for (; start < end && count < BlockSize; start++)
            {
                part.Ordinals[count] = start;
                count += filter is null || filter[start] ? 1 : 0;
            }
            _scorer.Score(userState, part.Ordinals.AsSpan(0, count), part.Scores.AsSpan(0, count));
            part.Best.Add(part.Ordinals.AsSpan(0, count), part.Scores.AsSpan(0, count));
        }
    }

    private sealed class Part
    {
        public Part(int k) => Best.Reset(k);

        public TopKCollector Best { get; } = new();

        public int[] Ordinals { get; } = new int[BlockSize];

        public float[] Scores { get; } = new float[BlockSize];
    }

    private readonly struct Job(ExhaustiveSearch search, float* state, int stateLength, EligibilityFilter? filter, Part[] parts)
        : IParallelJob
    {
        public void Run(int part)
        {
            (int start, int end) = WorkerTeam.Slice(search._scorer.ItemCount, part, parts.Length, BlockSize);
            search.Run(parts[part], start, end, new ReadOnlySpan<float>(state, stateLength), filter);
        }
    }
}
