using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Versions;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.NewAds;

namespace RecallCluster.Serving.Tests;

/// <summary>What a version owns, such as a device, lives as long as it or that which takes its place.</summary>
public sealed class ShardVersionTests : IDisposable
{
    private readonly HandMadeModel _files = new(40);
    private readonly Shard _shard = new(TimeProvider.System);
    private readonly Closing _owned = new();
    private EmbeddedAd? _new;

    public void Dispose()
    {
        _shard.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void What_it_owns_is_handed_on_when_the_first_ad_comes_and_closed_once()
    {
        Add();
        Publish();
        Assert.Equal(0, _owned.Times);
        Assert.True(_shard.Remove("v1"));
        Assert.Equal(1, _owned.Times);
    }

    [Fact]
    public void What_it_owns_is_there_until_the_last_search_of_either_ends()
    {
        Add();
        VersionedIndex<ShardVersion>.Lease before = _shard.Lease("v1");
        Publish();
        Assert.True(_shard.Remove("v1"));
        Assert.Equal(0, _owned.Times);
        Assert.Equal("ad3", before.Value.Index.IdOf(before.Value.Index.TryOrdinalOf("ad3", out int ordinal) ? ordinal : -1));
        before.Dispose();
        Assert.Equal(1, _owned.Times);
    }

    [Fact]
    public void A_version_that_is_closed_twice_closes_what_it_owns_once()
    {
        ShardVersion version = Version();
        version.Dispose();
        version.Dispose();
        Assert.Equal(1, _owned.Times);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_one_of_the_same_index_takes_its_place_with_the_ads_that_came(bool came)
    {
        var first = new Closing();
        _shard.Add(Version(first));
        if (came)
            Publish();
        VersionedIndex<ShardVersion>.Lease before = _shard.Lease("v1");
        ShardVersion next = InPlaceOf(before.Value);
        _shard.Replace(next);
        if (!came)
            Publish();

        Assert.Equal(1, _shard.AdditionsOf("v1"));
        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", new float[next.Scorer!.UserStateLength], 41), default);
        Assert.Contains("new", answer.Ads.Select(ad => ad.Id));
        Assert.Equal((0, 0), (first.Times, _owned.Times));
        Assert.True(_shard.Remove("v1"));
        // What it brought is free; what it shares is there for a search that began before it came.
        await next.Closed.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((0, 1), (first.Times, _owned.Times));
        Assert.Equal("ad3", before.Value.Index.IdOf(before.Value.Index.TryOrdinalOf("ad3", out int ordinal) ? ordinal : -1));
        before.Dispose();
        Assert.Equal((1, 1), (first.Times, _owned.Times));
    }

    [Fact]
    public void Where_there_is_none_to_take_the_place_of_it_is_closed()
    {
        ShardVersion gone = Version(new Closing());
        ShardVersion next = InPlaceOf(gone);

        Assert.Throws<InvalidOperationException>(() => _shard.Replace(next));

        Assert.Equal(1, _owned.Times);
        gone.Dispose();
    }

    [Fact]
    public async Task What_cannot_be_closed_keeps_nothing_else_open()
    {
        ShardVersion before = Version();
        var next = new ShardVersion(
            "v1", before.Index, IndexScorer.Of(_files.Model, before.Index), GuidedSearchParameters.Default, team: null, TimeProvider.System)
        {
            Owned = new Stuck(),
            Before = before,
        };
        before.Dispose();
        Assert.Equal(0, _owned.Times);

        Assert.Throws<IOException>(next.Dispose);

        await next.Closed.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _owned.Times);
    }

    private void Add() => _shard.Add(Version());

    private void Publish() =>
        _shard.Publish(new ShardAdditions("v1", new[] { new ShardChange("new", _new) }));

    private ShardVersion InPlaceOf(ShardVersion before) => new(
        "v1", before.Index, IndexScorer.Of(_files.Model, before.Index), GuidedSearchParameters.Default, team: null, TimeProvider.System)
    {
        GrowingScorer = IndexScorer.Growing(_files.Model),
        Owned = _owned,
        Before = before,
    };

    private ShardVersion Version(Closing? owned = null)
    {
        AdIndex index = IndexedModel.Load(_files.ModelPath, _files.Index(1)).OpenShard(0);
        _new = new EmbeddedAd(index.Vectors.Span(0, index.Dim).ToArray(), index.Records.Span(0, index.RecordLength).ToArray(), []);
        return new ShardVersion(
            "v1", index, IndexScorer.Of(_files.Model, index), GuidedSearchParameters.Default, team: null, TimeProvider.System)
        {
            GrowingScorer = IndexScorer.Growing(_files.Model),
            Owned = owned ?? _owned,
        };
    }

    private sealed class Stuck : IDisposable
    {
        public void Dispose() => throw new IOException("stuck");
    }

    private sealed class Closing : IDisposable
    {
        public int Times { get; private set; }

        public void Dispose() => Times++;
    }
}
