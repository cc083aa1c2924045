using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Rollouts;

public sealed class ShardTrialTests : IDisposable
{
    private const int Ads = 400;
    private static readonly ShardTrialOptions Options = new();

    private readonly HandMadeModel _model = new(Ads);
    private readonly AdIndex _sound;

    public ShardTrialTests()
    {
        string folder = _model.Index(1);
        _sound = IndexDirectory.OpenShard(folder, IndexDirectory.ReadManifest(folder), 0);
    }

    public void Dispose()
    {
        _sound.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void A_sound_shard_passes()
    {
        using ShardVersion version = VersionOf(_sound, _model.Model);
        Assert.InRange(Run(version), 0.9, 1);
    }

    [Fact]
    public void A_graph_that_leads_nowhere_is_refused()
    {
        using var levels = new NativeBlock<byte>(Ads);
        using var splits = new NativeBlock<int>(Ads + 1L);
        using var none = new NativeBlock<int>(0);
        using var rows = new NativeBlock<int>(Ads);
        using var upperSplits = new NativeBlock<int>(1);
        for (int ad = 0; ad < Ads; ad++)
            rows[ad] = -1;
        using AdIndex index = Rewrite(new HnswGraph(Ads, 1, 1, 0, levels, splits, none, rows, upperSplits, none), _sound.Records);
        using ShardVersion version = VersionOf(index, _model.Model);

        Assert.Contains("ads that belong into their answers", Refusal(version), StringComparison.Ordinal);
    }

    [Fact]
    public void A_scorer_of_another_model_is_refused_unless_it_is_meant()
    {
        using var other = new HandMadeModel(Ads, seed: 2);
        using ShardVersion version = VersionOf(_sound, other.Model);
        Assert.Contains("by the index's model it is", Refusal(version), StringComparison.Ordinal);

        using ShardVersion meant = VersionOf(_sound, other.Model, isOther: true);
        Run(meant);
    }

    [Fact]
    public void Records_that_hold_no_numbers_are_refused()
    {
        using var records = new NativeBlock<float>(_sound.Records.Length);
        _sound.Records.Span(0, (int)records.Length).CopyTo(records.Span(0, (int)records.Length));
        for (int ad = 0; ad < Ads; ad += 3)
            records[(long)ad * _sound.RecordLength] = float.NaN;
        using AdIndex index = Rewrite(_sound.Graph, records);
        using ShardVersion version = VersionOf(index, _model.Model);

        string refusal = Refusal(version);
        Assert.Contains("the score of ad", refusal, StringComparison.Ordinal);
        Assert.Contains("NaN", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_walker_that_scores_otherwise_is_refused_and_one_that_rounds_is_not()
    {
        using ShardVersion wrong = VersionOf(_sound, _model.Model, walkerFactor: 1.5f);
        Assert.Contains("scored alone it is", Refusal(wrong), StringComparison.Ordinal);

        using ShardVersion rounds = VersionOf(_sound, _model.Model, walkerFactor: 1.01f, tolerance: 5e-2f);
        Run(rounds);
    }

    private double Run(ShardVersion version) => ShardTrial.Run(version, _model.Model, Options, new SeededRandom(1));

    private string Refusal(ShardVersion version)
    {
        string message = Assert.Throws<InvalidDataException>(() => Run(version)).Message;
        Assert.Contains(version.Index.FilePath, message, StringComparison.Ordinal);
        return message;
    }

    private AdIndex Rewrite(HnswGraph graph, NativeBlock<float> records)
    {
        string path = Path.Combine(Path.GetDirectoryName(_sound.FilePath)!, "broken.index");
        AdIndexFile.Write(path, new AdIndexContents
        {
            Graph = graph,
            Dim = _sound.Dim,
            Vectors = _sound.Vectors,
            RecordLength = _sound.RecordLength,
            Records = records,
            Ids = [.. Enumerable.Range(0, Ads).Select(_sound.IdOf)],
        });
        return AdIndex.Open(path);
    }

    private static ShardVersion VersionOf(
        AdIndex index, DeepAdModel model, bool isOther = false, float? walkerFactor = null, float tolerance = 1e-3f)
    {
        IScorer scorer = IndexScorer.Growing(model)(index.Records, index.Count);
        var search = new GuidedSearch(index.Graph, scorer);
        return new ShardVersion("v1", index, scorer, GuidedSearchParameters.Default, team: null, TimeProvider.System)
        {
            Borrows = true,
            IsOtherModel = isOther,
            ScoreTolerance = tolerance,
            Walker = walkerFactor is { } factor ? new ScalingWalker(search, factor) : null,
        };
    }

    /// <summary>Finds what a search finds, with scores that are off.</summary>
    private sealed class ScalingWalker(GuidedSearch search, float factor) : IWalker
    {
        public bool TrySearch(in GuidedRequest request, out GuidedSearchResult result)
        {
            GuidedSearchResult found = search.Search(request);
            // From far enough away that a factor shows.
            result = found with { Scores = [.. found.Scores.Select(score => score * factor + (factor > 1.2f ? 1 : 0))] };
            return true;
        }
    }
}
