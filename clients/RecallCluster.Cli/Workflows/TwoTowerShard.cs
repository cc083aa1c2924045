using RecallCluster.Data;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.AdServer;
using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// What retrieval was before a deep model walked a graph: the ads nearest to the user by a two-tower model, by an exact search, of
/// which the
/// deep model then scores those that were found. One shard that holds every ad, and prepares users itself.
/// </summary>
internal sealed class TwoTowerShard : IShard, IUserStatePreparer, IDisposable
{
    private readonly Dataset _dataset;
    private readonly TargetVectors _towerTargets, _deepTargets;
    private readonly PreparedModel _tower, _deep;
    private readonly ExhaustiveRetriever _search;
    private readonly Lock _lock = new();
    private readonly object _workspace;

    /// <param name="dataset">Ads and users of a simulated world.</param>
    /// <param name="models">Folders of the models.</param>
    /// <param name="team">Threads to prepare them with.</param>
    /// <exception cref="InvalidDataException">There is no two-tower model.</exception>
    public TwoTowerShard(Dataset dataset, ComparedModels models, WorkerTeam team)
    {
        _dataset = dataset;
        IAdModel tower = ModelDirectory.Load(
            models.TwoTower ?? throw new InvalidDataException("There is no two-tower model to retrieve with."));
        IAdModel deep = ModelDirectory.Load(models.Deep);
        _towerTargets = TargetVectors.Compute(tower, dataset.Items, team);
        _deepTargets = TargetVectors.Compute(deep, dataset.Items, team);
        _tower = PreparedModel.Of(tower, _towerTargets);
        _deep = PreparedModel.Of(deep, _deepTargets);
        _search = new ExhaustiveRetriever(_tower.Scorer);
        _workspace = _search.NewWorkspace();
    }

    /// <summary>A version of a retriever that finds ads this way.</summary>
    public RetrieverVersion ToVersion(string name) => new(name, this, [new ShardSlot(this, _dataset.Items.Count)], Dispose);

    public PreparedUser Prepare(UserFeatures user)
    {
        int length = _tower.Encoder.UserStateLength;
        var state = new float[length + _deep.Encoder.UserStateLength];
        int[] profile = new int[_dataset.Users.Fields.Length];
        ReadOnlySpan<int> behaviour = [];
        bool known = user.Id is { } id && id.StartsWith("user", StringComparison.Ordinal);
        if (known)
        {
            int row = SimulatedAds.UserNumberOf(user.Id!);
            profile = Array.ConvertAll(_dataset.Users.Codes, codes => codes[row]);
            behaviour = _dataset.Train.ItemsOf(row);
        }
        _tower.Encoder.Encode(profile, behaviour, state.AsSpan(0, length));
        _deep.Encoder.Encode(profile, behaviour, state.AsSpan(length));
        return new PreparedUser(state, [], new UserReading(known, behaviour.Length, 0, 0));
    }

    public Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        ReadOnlySpan<float> state = query.UserState.Span;
        int length = _tower.Encoder.UserStateLength, found;
        var ordinals = new int[Math.Min(query.K, _dataset.Items.Count)];
        lock (_lock)
            (found, _) = _search.Retrieve(state[..length], [], _workspace, ordinals);
        var scores = new float[found];
        _deep.Scorer.Score(state[length..], ordinals.AsSpan(0, found), scores);
        Array.Sort(scores, ordinals, 0, found, Comparer<float>.Create((a, b) => b.CompareTo(a)));
        ScoredAd[] ads = [.. ordinals.Take(found).Select((ordinal, i) => new ScoredAd(_dataset.Items.Ids[ordinal], scores[i]))];
        return Task.FromResult(new ShardAnswer(ads, found, SearchLimits.None));
    }

    // Nearness knows no bids.
    public void Publish(BidBook book) => ArgumentNullException.ThrowIfNull(book);

    public void Publish(ShardPlacements placements) => ArgumentNullException.ThrowIfNull(placements);

    public void Publish(ShardAdditions additions) => throw new NotSupportedException("Two towers over a data set take no new ads.");

    public void Dispose()
    {
        _tower.Dispose();
        _deep.Dispose();
        _towerTargets.Dispose();
        _deepTargets.Dispose();
    }
}
