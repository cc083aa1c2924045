using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Tuning;
using RecallCluster.Serving;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>tune</c> found.</summary>
internal sealed record TuneReport(
    int K, int Users, string Goal, double Wanted, double Reached, bool WantedReached, double Scorings, double ScoredFraction,
    GuidedSettings Parameters, TunePoint[] Frontier);

/// <summary>A setting that no other beats in both recall and scorings.</summary>
internal sealed record TunePoint(
    double RelativeRecall, double Scorings, double ScoredFraction, double MsPerRequest, GuidedSettings Parameters);

/// <summary>
/// Finds the search parameters for an index on the validation users and keeps them beside the shards. With several shards they are found
/// on the first one, for its part of the K ads: by the hash all shards are alike.
/// </summary>
internal sealed class TuneWorkflow(Dataset dataset, IndexedAds ads, DeepAdModel model, string indexDirectory)
{
    /// <summary>The index's tuned parameters for <paramref name="k"/>, which are found first where there are none.</summary>
    public static TunedSearch Tuned(
        Dataset dataset, IndexedAds ads, DeepAdModel model, string indexDirectory, int k, ulong seed, IStages stages, WorkerTeam team)
    {
        if (IndexDirectory.ReadTuned(indexDirectory, ads.Fingerprint) is { } tuned && tuned.K == k)
            return tuned;
        new TuneWorkflow(dataset, ads, model, indexDirectory) { K = k, Seed = seed }.Run(stages, team);
        return IndexDirectory.ReadTuned(indexDirectory, ads.Fingerprint)!;
    }

    public required int K { get; init; }

    public double Wanted { get; init; } = 0.95;

    public TuningGoal Goal { get; init; } = TuningGoal.TopKOverlap;

    public int Users { get; init; } = 200;

    /// <summary>The largest budget over all shards, in scorings; null for a quarter of the ads.</summary>
    public int? MaxScorings { get; init; }

    public ulong Seed { get; init; } = 1;

    public TuneReport Run(IStages stages, WorkerTeam team)
    {
        IndexedShard shard = ads.Shards[0];
        int k = Math.Min(shard.Index.Count, ShardMap.QuotaOf(K, (double)shard.Index.Count / Math.Max(1, ads.Ads)));
        TuningQuery[] queries = stages.Run("Prepare validation users", () => Queries(shard, team));
        var options = new TuningOptions
        {
            K = Math.Max(1, k),
            WantedRecall = Wanted,
            Goal = Goal,
            MaxScorings = MaxScorings is { } max ? Math.Max(1, max / ads.Shards.Count) : null,
        };
        TuningResult result = stages.Run(
            "Tune the search", stage => SearchTuner.Run(shard.Index.Graph, shard.Scorer, queries, options, team, new Relay(stage)));
        IndexDirectory.WriteTuned(indexDirectory, new TunedSearch
        {
            ModelFingerprint = ads.Fingerprint,
            K = K,
            Wanted = Wanted,
            Reached = result.Best.RelativeRecall,
            ScoredFraction = result.Best.ScoredFraction,
            Parameters = result.Best.Parameters,
            Frontier = [.. result.Frontier.Select(p => p.Parameters)],
        });
        return new TuneReport(
            K,
            queries.Length,
            Goal == TuningGoal.TopKOverlap ? "overlap" : "held-out",
            Wanted,
            result.Best.RelativeRecall,
            result.Reached,
            result.Best.Scorings * ads.Shards.Count,
            result.Best.ScoredFraction,
            GuidedSettings.Of(result.Best.Parameters),
            [.. result.Frontier.Select(p => new TunePoint(
                p.RelativeRecall, p.Scorings * ads.Shards.Count, p.ScoredFraction, p.Milliseconds, GuidedSettings.Of(p.Parameters)))]);
    }

    private TuningQuery[] Queries(IndexedShard shard, WorkerTeam team)
    {
        int[] users = [.. Enumerable.Range(0, dataset.Users.Count).Where(u => dataset.Validation.ItemsOf(u).Length > 0)];
        if (users.Length == 0)
            throw new InvalidDataException($"Data set '{dataset.Name}' has no validation events to tune on.");
        new SeededRandom(Seed).Shuffle(users.AsSpan());
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items, team);
        UserEncoder encoder = UserEncoder.Of(model, targets, model.Config.Attention == AttentionKind.Linear);
        return [.. users.Take(Users).Select(user => QueryOf(user, encoder, shard))];
    }

    private TuningQuery QueryOf(int user, UserEncoder encoder, IndexedShard shard)
    {
        int[] profile = Array.ConvertAll(dataset.Users.Codes, codes => codes[user]);
        var state = new float[encoder.UserStateLength];
        encoder.Encode(profile, dataset.Train.ItemsOf(user), state);
        ReadOnlySpan<int> behaviour = dataset.Train.ItemsOf(user);
        int[] heldOut = [.. dataset.Validation.ItemsOf(user).ToArray().Select(shard.OrdinalOf).Where(ordinal => ordinal >= 0)];
        return new TuningQuery(state, heldOut)
        {
            Seeds = Array.ConvertAll(behaviour[Math.Max(0, behaviour.Length - encoder.SequenceLimit)..].ToArray(), shard.OrdinalOf),
        };
    }

    private sealed class Relay(IStage stage) : IProgress<TunedPoint>
    {
        private int _settings;

        public void Report(TunedPoint value) =>
            stage.Update(
                double.NaN, $"{++_settings} settings, last: relative recall {value.RelativeRecall:F3} at {value.ScoredFraction:P2} scored");
    }
}
