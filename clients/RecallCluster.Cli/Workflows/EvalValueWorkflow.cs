using System.Diagnostics;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Value recall: what the ads found would earn, over what the best of all ads would. Retrieval by value against retrieval by interest whose
/// result is re-ranked by value, at the same scorings, on the same requests; by the shards that serve, so that what is measured is what
/// runs.
/// </summary>
internal sealed class EvalValueWorkflow(Dataset dataset, IndexedAds ads, DeepAdModel model, WorkerTeam team)
{
    private const string Version = "measured";
    private const int CalibrationUsers = 300;

    public required int K { get; init; }

    /// <summary>Slots of an auction, at most <see cref="K"/>.</summary>
    public required int Slots { get; init; }

    /// <summary>Most test users, drawn by the seed.</summary>
    public required int MaxUsers { get; init; }

    /// <summary>Makes the market; the second argument turns scores into raw click probabilities.</summary>
    public required Func<SeededRandom, ClickScale, ValueMarket> Market { get; init; }

    /// <summary>What the report says of the market's bids.</summary>
    public required string Bids { get; init; }

    /// <summary>Most ads of one campaign among the K.</summary>
    public int PerCampaign { get; init; } = int.MaxValue;

    public required double ClickRate { get; init; }

    public ulong Seed { get; init; } = 1;

    /// <summary>Measures with each of <paramref name="settings"/>.</summary>
    public ValueReport Run(IReadOnlyList<GuidedSearchParameters> settings, IStages stages, CancellationToken cancellation)
    {
        var random = new SeededRandom(Seed);
        var market = Market(random, ads.Manifest.Clicks ?? ClickScaleEstimate.Of(model, dataset, team));
        Request[] requests = stages.Run("Score every ad for every request", stage => Prepare(market, random, stage));
        Row exhaustive = new(ValueRow.Exhaustive, K, [.. requests.Select(r => Found.Of(r.Best, r.Best, Slots, dataset.Items.Count))], 0);
        var rows = new List<ValueRow> { RowOf(exhaustive, null, random) };
        foreach (GuidedSearchParameters setting in settings)
        {
            cancellation.ThrowIfCancellationRequested();
            Shard[] shards = ShardsWith(setting, market);
            using IStage stage = stages.Begin($"Value recall at {setting.MaxScorings * shards.Length:N0} scorings");
            Row interest = Measure(ValueRow.Interest, shards, requests, market, K, byValue: false);
            rows.Add(RowOf(interest, null, random));
            stage.Report(1 / 3.0);
            rows.Add(RowOf(Measure(ValueRow.Interest, shards, requests, market, 5 * K, byValue: false), interest, random));
            stage.Report(2 / 3.0);
            rows.Add(RowOf(Measure(ValueRow.ValueAware, shards, requests, market, K, byValue: true), interest, random));
        }
        return new ValueReport(
            dataset.Name, dataset.Items.Count, market.Book.Campaigns.Length, Bids, PerCampaign == int.MaxValue ? null : PerCampaign,
            ClickRate, double.IsNaN(market.ClickSlope) ? null : market.ClickSlope, Slots, [.. rows]);
    }

    private Request[] Prepare(ValueMarket market, SeededRandom random, IStage stage)
    {
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items, team);
        using PreparedModel prepared = PreparedModel.Of(model, targets, team);
        int[] validation = Draw(u => dataset.Validation.ItemsOf(u).Length > 0, CalibrationUsers, random);
        (float[] State, int[] Clicked)[] seen =
            [.. validation.Select(u => (StateOf(prepared.Encoder, u, dataset.Train.ItemsOf(u)), dataset.Validation.ItemsOf(u).ToArray()))];
        if (!market.IsCalibrated)
            market.FitClicks(prepared.Scorer, seen, random);
        int[] users = Draw(u => dataset.Test.ItemsOf(u).Length > 0, MaxUsers, random);
        if (users.Length == 0)
            throw new InvalidDataException($"Data set '{dataset.Name}' has no test events.");
        int[] all = [.. Enumerable.Range(0, dataset.Items.Count)];
        if (!market.IsCalibrated)
            market.ShiftTo(ClickRate, [.. seen.SelectMany(user => LogitsOf(user.State).OrderDescending().Take(K))]);
        var requests = new Request[users.Length];
        int done = 0;
        team.Run(team.Size, part =>
        {
            (int start, int end) = WorkerTeam.Slice(users.Length, part, team.Size);
            for (int i = start; i < end; i++)
            {
                int[] known = [.. dataset.Train.ItemsOf(users[i]), .. dataset.Validation.ItemsOf(users[i])];
                float[] state = StateOf(prepared.Encoder, users[i], known);
                float[] values = Array.ConvertAll(all, ValuesOf(LogitsOf(state)));
                int[] bestFirst = [.. all];
                Array.Sort(Array.ConvertAll(values, value => -value), bestFirst);
                double[] top = [.. Allowed(market, bestFirst).Select(ad => (double)values[ad]).Take(K)];
                string[] seeds = [.. known.TakeLast(prepared.Encoder.SequenceLimit).Select(row => dataset.Items.Ids[row])];
                requests[i] = new Request(state, seeds, top);
                stage.Report((double)Interlocked.Increment(ref done) / users.Length);
            }
        });
        return requests;

        float[] LogitsOf(float[] state)
        {
            var logits = new float[all.Length];
            prepared.Scorer.Score(state, all, logits);
            return logits;
        }

        Converter<int, float> ValuesOf(float[] logits) => ad => (float)market.ValueOf(ad, logits[ad]);
    }

    /// <summary>Ads, best first, less those whose campaign has its number already.</summary>
    private IEnumerable<int> Allowed(ValueMarket market, IEnumerable<int> bestFirst)
    {
        var had = new Dictionary<int, int>();
        return bestFirst.Where(ad => (had[market.CampaignOf(ad)] = had.GetValueOrDefault(market.CampaignOf(ad)) + 1) <= PerCampaign);
    }

    private float[] StateOf(UserEncoder encoder, int user, ReadOnlySpan<int> known)
    {
        int[] profile = Array.ConvertAll(dataset.Users.Codes, codes => codes[user]);
        var state = new float[encoder.UserStateLength];
        encoder.Encode(profile, known.Length > encoder.SequenceLimit ? known[^encoder.SequenceLimit..] : known, state);
        return state;
    }

    private int[] Draw(Predicate<int> wanted, int most, SeededRandom random)
    {
        int[] users = [.. Enumerable.Range(0, dataset.Users.Count).Where(u => wanted(u))];
        random.Shuffle(users.AsSpan());
        return users.Length <= most ? users : users[..most];
    }

    // The shards' indexes and scorers stay with their owner: these shards are left, not disposed.
    private Shard[] ShardsWith(GuidedSearchParameters setting, ValueMarket market) => [.. ads.Shards.Select(indexed =>
    {
        var shard = new Shard(TimeProvider.System);
        shard.Add(new ShardVersion(Version, indexed.Index, indexed.Scorer, setting, null, TimeProvider.System));
        shard.Publish(market.Book);
        shard.Publish(market.Placements(Version, indexed.Rows));
        return shard;
    })];

    private Row Measure(string method, Shard[] shards, Request[] requests, ValueMarket market, int handedOver, bool byValue)
    {
        ValueQuery? query = byValue ? market.Query with { MostPerCampaign = PerCampaign } : null;
        Dictionary<string, int> rowOf = dataset.Items.Ids.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.Ordinal);
        var found = new Found[requests.Length];
        long ticks = 0;
        Parallel.For(0, requests.Length, new ParallelOptions { MaxDegreeOfParallelism = team.Size }, i =>
        {
            long start = Stopwatch.GetTimestamp();
            ShardAnswer[] answers = [.. shards.Select((shard, number) => shard.Search(
                new ShardQuery(
                    Version, requests[i].State,
                    byValue ? handedOver : ShardMap.QuotaOf(handedOver, (double)ads.Shards[number].Index.Count / ads.Ads))
                {
                    Seeds = requests[i].Seeds,
                    Value = query,
                }))];
            IReadOnlyList<ScoredAd> top = ShardMerge.Top(answers, handedOver, query?.MostPerCampaign ?? int.MaxValue);
            Interlocked.Add(ref ticks, Stopwatch.GetTimestamp() - start);
            Dictionary<int, double> valueOf = top.ToDictionary(ad => rowOf[ad.Id], ad => market.ValueOf(rowOf[ad.Id], ad.Score));
            IEnumerable<int> best = valueOf.OrderByDescending(ad => ad.Value).Select(ad => ad.Key);
            double[] values = [.. Allowed(market, best).Select(ad => valueOf[ad]).Take(K)];
            found[i] = Found.Of(values, requests[i].Best, Slots, answers.Sum(a => a.Scorings));
        });
        return new Row(method, handedOver, found, Stopwatch.GetElapsedTime(0, ticks).TotalMilliseconds / requests.Length);
    }

    private ValueRow RowOf(Row row, Row? interest, SeededRandom random) => new(
        row.Method,
        row.Found.Length,
        K,
        row.HandedOver,
        row.Found.Average(f => f.Scorings),
        MeanInterval.Bootstrap(Array.ConvertAll(row.Found, f => f.Recall), random),
        MeanInterval.Bootstrap(Array.ConvertAll(row.Found, f => f.SlotRecall), random),
        interest is null ? null : MeanInterval.Bootstrap([.. row.Found.Zip(interest.Found, (a, b) => a.Recall - b.Recall)], random),
        interest is null ? null : MeanInterval.Bootstrap([.. row.Found.Zip(interest.Found, (a, b) => a.SlotRecall - b.SlotRecall)], random),
        row.MsPerRequest);

    /// <param name="State">Prepared user state.</param>
    /// <param name="Seeds">The user's behaviours.</param>
    /// <param name="Best">Values of the K best of all ads, descending.</param>
    private sealed record Request(float[] State, string[] Seeds, double[] Best);

    private readonly record struct Found(double Recall, double SlotRecall, int Scorings)
    {
        public static Found Of(double[] values, double[] best, int slots, int scorings) =>
            new(values.Sum() / best.Sum(), values.Take(slots).Sum() / best.Take(slots).Sum(), scorings);
    }

    private sealed record Row(string Method, int HandedOver, Found[] Found, double MsPerRequest);
}
