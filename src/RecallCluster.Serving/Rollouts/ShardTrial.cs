using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Rollouts;

/// <summary>How a shard is tried before it is used.</summary>
public sealed record ShardTrialOptions
{
    /// <summary>Trial users; 0 for no trial.</summary>
    public int Users { get; init; } = 8;

    /// <summary>Ads asked for.</summary>
    public int K { get; init; } = 20;

    /// <summary>Ads that are scored one by one, for each user.</summary>
    public int Sample { get; init; } = 20_000;

    /// <summary>Least share that the search must find of those that belong into its answer.</summary>
    public double LeastRecall { get; init; } = 0.5;
}

/// <summary>
/// Tries a shard: searches for users who are drawn, with behaviours out of its own ads, and scores a sample of its ads one by one. A graph
/// that leads nowhere, a scorer that is not the index's, and records that hold no numbers show here. Such users want what no real one
/// does, so the search may take more scorings than it was tuned to: how well the tuned one finds is judged on live requests.
/// </summary>
internal static class ShardTrial
{
    private const int KnownAds = 64, Block = 1024, Patience = 4, Rescored = 64;

    /// <summary>Runs the trial.</summary>
    /// <param name="version">The shard's version, with no ads but its index's.</param>
    /// <param name="model">Its model.</param>
    /// <param name="options">How.</param>
    /// <param name="random">Draws the users and the sample.</param>
    /// <returns>Share found of the sampled ads that belong into the answers; 1 where none does.</returns>
    /// <exception cref="InvalidDataException">A score is no number, the search scores otherwise, or finds too little.</exception>
    public static double Run(ShardVersion version, DeepAdModel model, ShardTrialOptions options, SeededRandom random)
    {
        int count = version.Index.Count;
        if (count == 0 || options.Users == 0)
            return 1;
        int[] known = Draw(Math.Min(KnownAds, count), count, random), sample = Draw(Math.Min(options.Sample, count), count, random);
        using TargetVectors table = TargetVectors.Of(model.Config, version.Index, known);
        UserEncoder encoder = UserEncoder.Of(model, table, model.Config.Attention == AttentionKind.Linear);
        var state = new float[encoder.UserStateLength];
        GuidedSearch search = version.Search.With(Patient(version.Search.Parameters));
        long wanted = 0, found = 0;
        for (int user = 0; user < options.Users; user++)
        {
            int behaviours = Math.Min(encoder.SequenceLimit, 1 + random.NextInt(8));
            int[] behaviour = [.. Enumerable.Range(0, behaviours).Select(_ => random.NextInt(known.Length))];
            encoder.Encode(new int[encoder.ProfileFieldCount], behaviour, state);
            int[] seeds = [.. behaviour.Select(number => known[number])];
            var request = new GuidedRequest(state, options.K) { Seeds = seeds };
            (long of, long got) = Compare(version, search.Search(request), request, sample);
            (wanted, found) = (wanted + of, found + got);
            if (user > 0)
                continue;
            // As requests will be answered, which may be a device's own walk.
            Rescore(version, version.Find(request), state);
            if (!version.IsOtherModel)
                RequireScoresOf(model, version, state, sample.AsSpan(0, Math.Min(Rescored, sample.Length)));
        }
        double recall = wanted == 0 ? 1 : (double)found / wanted;
        return recall >= options.LeastRecall
            ? recall
            : throw new InvalidDataException(
                $"{version.Index.FilePath}: trial searches found {found} of {wanted} ads that belong into their answers; "
                + $"{options.LeastRecall:P0} is the least.");
    }

    private static GuidedSearchParameters Patient(GuidedSearchParameters tuned) => tuned with
    {
        Layers = [.. tuned.Layers.Select(layer => layer with { Ef = Times(layer.Ef), Hops = Times(layer.Hops) })],
        MaxScorings = Times(tuned.MaxScorings),
    };

    private static int Times(int tuned) => (int)Math.Min(int.MaxValue, (long)tuned * Patience);

    private static (long Wanted, long Found) Compare(
        ShardVersion version, GuidedSearchResult result, in GuidedRequest request, int[] sample)
    {
        Rescore(version, result, request.UserState);
        float[] scores = Score(version, request.UserState, sample);
        // Of the sample, what is better than the worst that was found belongs into the answer.
        float worst = result.Scores.Length < request.K ? float.NegativeInfinity : result.Scores[^1];
        HashSet<int> found = [.. result.Ordinals];
        int[] better = [.. sample.Where((_, i) => scores[i] > worst)];
        return (better.Length, better.Count(found.Contains));
    }

    /// <summary>Scores what a search found once more, alone.</summary>
    private static void Rescore(ShardVersion version, GuidedSearchResult result, ReadOnlySpan<float> state)
    {
        float[] again = Score(version, state, result.Ordinals);
        for (int i = 0; i < again.Length; i++)
        {
            if (!IsSame(version, again[i], result.Scores[i]))
            {
                throw new InvalidDataException(
                    $"{version.Index.FilePath}: a trial search scored ad '{version.Index.IdOf(result.Ordinals[i])}' {result.Scores[i]}; "
                    + $"scored alone it is {again[i]}.");
            }
        }
    }

    /// <summary>Checks that the version scores by the model, on the index's own records.</summary>
    private static void RequireScoresOf(DeepAdModel model, ShardVersion version, ReadOnlySpan<float> state, ReadOnlySpan<int> ads)
    {
        IScorer scorer = IndexScorer.Growing(model)(version.Index.Records, version.Index.Count);
        using var owned = scorer as IDisposable;
        var expected = new float[ads.Length];
        scorer.Score(state, ads, expected);
        float[] scores = Score(version, state, ads.ToArray());
        for (int i = 0; i < scores.Length; i++)
        {
            if (!IsSame(version, expected[i], scores[i]))
            {
                throw new InvalidDataException(
                    $"{version.Index.FilePath}: ad '{version.Index.IdOf(ads[i])}' is scored {scores[i]}; by the index's model it is "
                    + $"{expected[i]}.");
            }
        }
    }

    private static bool IsSame(ShardVersion version, float score, float other) =>
        Math.Abs(score - other) <= version.ScoreTolerance * Math.Max(1, Math.Abs(score));

    private static float[] Score(ShardVersion version, ReadOnlySpan<float> state, int[] ordinals)
    {
        var scores = new float[ordinals.Length];
        for (int start = 0; start < ordinals.Length; start += Block)
        {
            int length = Math.Min(Block, ordinals.Length - start);
            version.Score(state, ordinals.AsSpan(start, length), scores.AsSpan(start, length));
        }
        int broken = Array.FindIndex(scores, score => !float.IsFinite(score));
        return broken < 0
            ? scores
            : throw new InvalidDataException(
                $"{version.Index.FilePath}: the score of ad '{version.Index.IdOf(ordinals[broken])}' is {scores[broken]}.");
    }

    /// <summary>Ordinals without repetition: all of them, or one out of each of as many equal parts.</summary>
    private static int[] Draw(int wanted, int count, SeededRandom random) =>
        [.. Enumerable.Range(0, wanted).Select(i =>
        {
            int from = (int)((long)i * count / wanted), to = (int)((long)(i + 1) * count / wanted);
            return from + random.NextInt(to - from);
        })];
}
