using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>Scores one batch, by the calling thread or split over a team.</summary>
internal static unsafe class BatchScorer
{
    /// <summary>Below this many ads a thread's share is not worth handing out.</summary>
    private const int MinimumShare = 192;

    /// <summary>Shares start at multiples of this, so that every share but the last is whole blocks for the kernels.</summary>
    private const int Granularity = 64;

    public static void Score(IScorer scorer, ReadOnlySpan<float> userState, int* ordinals, int count, float* scores, WorkerTeam? team)
    {
        int parts = team is null ? 1 : Math.Min(team.Size, count / MinimumShare);
        if (parts <= 1)
        {
            scorer.Score(userState, new ReadOnlySpan<int>(ordinals, count), new Span<float>(scores, count));
            return;
        }
        fixed (float* state = userState)
            team!.Run(parts, new ScoreJob(scorer, state, userState.Length, ordinals, scores, count, parts));
    }

    private readonly struct ScoreJob(IScorer scorer, float* state, int stateLength, int* ordinals, float* scores, int count, int parts)
        : IParallelJob
    {
        public void Run(int part)
        {
            (int start, int end) = WorkerTeam.Slice(count, part, parts, Granularity);
            if (start == end)
                return;
            var userState = new ReadOnlySpan<float>(state, stateLength);
            scorer.Score(userState, new ReadOnlySpan<int>(ordinals + start, end - start), new Span<float>(scores + start, end - start));
        }
    }
}
