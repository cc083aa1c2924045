using RecallCluster.Learning.Evaluation;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Model-guided search over all shards, one after the other, merged; finds data-set rows. Each shard is asked for its part of the K ads,
/// as a gateway does.
/// </summary>
internal sealed class GuidedRetriever : IRetriever
{
    private readonly IReadOnlyList<IndexedShard> _shards;
    private readonly GuidedSearch[] _searches;
    private readonly int _ads;

    /// <param name="ads">The shards.</param>
    /// <param name="parameters">The knobs, for each shard.</param>
    public GuidedRetriever(IndexedAds ads, GuidedSearchParameters parameters)
    {
        _shards = ads.Shards;
        _ads = Math.Max(1, ads.Ads);
        _searches = [.. ads.Shards.Select(s => new GuidedSearch(s.Index.Graph, s.Scorer, parameters))];
    }

    public object NewWorkspace() => new Workspace();

    public (int Found, int Scorings) Retrieve(
        ReadOnlySpan<float> userState, ReadOnlySpan<int> behaviour, object workspace, Span<int> ordinals)
    {
        var own = (Workspace)workspace;
        own.Found.Clear();
        int scorings = 0;
        for (int shard = 0; shard < _shards.Count; shard++)
        {
            int part = ShardMap.QuotaOf(ordinals.Length, (double)_shards[shard].Index.Count / _ads);
            own.Reserve(Math.Min(part, _shards[shard].Index.Count));
            var request = new GuidedRequest(userState, part) { Seeds = own.Seeds(_shards[shard], behaviour) };
            int found = _searches[shard].Search(request, own.Scratch, own.Ordinals, own.Scores, out GuidedSearchStatistics statistics);
            scorings += statistics.Scorings;
            for (int i = 0; i < found; i++)
                own.Found.Add((own.Scores[i], _shards[shard].Rows[own.Ordinals[i]]));
        }
        if (_shards.Count > 1)
            own.Found.Sort(static (a, b) => b.Score.CompareTo(a.Score));
        int count = Math.Min(ordinals.Length, own.Found.Count);
        for (int i = 0; i < count; i++)
            ordinals[i] = own.Found[i].Row;
        return (count, scorings);
    }

    private sealed class Workspace
    {
        public GuidedSearchScratch Scratch { get; } = new();

        public List<(float Score, int Row)> Found { get; } = [];

        public int[] Ordinals { get; private set; } = [];

        public float[] Scores { get; private set; } = [];

        private int[] _seeds = [];

        /// <summary>The behaviours' ordinals in a shard; -1 for those of another.</summary>
        public ReadOnlySpan<int> Seeds(IndexedShard shard, ReadOnlySpan<int> behaviour)
        {
            if (_seeds.Length < behaviour.Length)
                _seeds = new int[behaviour.Length];
            for (int i = 0; i < behaviour.Length; i++)
                _seeds[i] = shard.OrdinalOf(behaviour[i]);
            return _seeds.AsSpan(0, behaviour.Length);
        }

        public void Reserve(int room)
        {
            if (Ordinals.Length >= room)
                return;
            Ordinals = new int[room];
            Scores = new float[room];
        }
    }
}
