using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Tests.Guided;
using RecallCluster.Retrieval.Versions;

namespace RecallCluster.Retrieval.Tests.Versions;

public class VersionedIndexTests
{
    [Fact]
    public void The_old_version_lives_until_its_last_lease_ends()
    {
        var first = new Resource(1);
        var second = new Resource(2);
        var versions = new VersionedIndex<Resource>(first);
        VersionedIndex<Resource>.Lease a = versions.Acquire();
        VersionedIndex<Resource>.Lease b = versions.Acquire();
        Assert.Equal(2, versions.Swap(second));
        Assert.Same(first, a.Value);
        VersionedIndex<Resource>.Lease c = versions.Acquire();
        Assert.Same(second, c.Value);
        Assert.Equal(2, c.Version);
        a.Dispose();
        a.Dispose();
        Assert.Equal(0, first.Disposals);
        b.Dispose();
        Assert.Equal(1, first.Disposals);
        versions.Dispose();
        versions.Dispose();
        Assert.Equal(0, second.Disposals);
        c.Dispose();
        Assert.Equal(1, second.Disposals);
        Assert.Throws<ObjectDisposedException>(() => versions.Acquire());
        Assert.Throws<ObjectDisposedException>(() => versions.Swap(first));
        Assert.Throws<ObjectDisposedException>(() => a.Value);
    }

    [Fact]
    public void A_version_without_leases_is_disposed_by_the_swap()
    {
        var first = new Resource(1);
        using var versions = new VersionedIndex<Resource>(first);
        versions.Swap(new Resource(2));
        Assert.Equal(1, first.Disposals);
    }

    [Fact]
    public async Task Each_request_sees_one_version_from_its_first_hop_to_its_last()
    {
        // The score of version v is 1000 v + ordinal % 1000, so a result of two versions would show.
        var model = new TestModel(400);
        Resource Make(long version) => new(version)
        {
            Search = new GuidedSearch(model.Graph, new FunctionScorer(400, 1, (_, ordinal) => (1_000 * version) + ordinal)),
        };
        const int Swaps = 300;
        var made = new List<Resource> { Make(1) };
        var versions = new VersionedIndex<Resource>(made[0]);
        int running = 3;
        long requests = 0;
        Task[] readers = [.. Enumerable.Range(0, running).Select(_ => Task.Run(() =>
        {
            long last = 0;
            while (last < Swaps)
            {
                using VersionedIndex<Resource>.Lease lease = versions.Acquire();
                Assert.True(lease.Version >= last, "versions only go forward");
                last = lease.Version;
                GuidedSearchResult result = lease.Value.Search!.Search(new GuidedRequest([0f], 50));
                Assert.Equal(50, result.Ordinals.Length);
                for (int i = 0; i < result.Ordinals.Length; i++)
                    Assert.Equal((1_000 * last) + result.Ordinals[i], result.Scores[i]);
                Assert.Equal(0, lease.Value.Disposals);
                Interlocked.Increment(ref requests);
            }
        }))];
        for (int version = 2; version <= Swaps; version++)
        {
            // A swap about every other request keeps both sides in each other's way.
            long seen = Interlocked.Read(ref requests);
            made.Add(Make(version));
            Assert.Equal(version, versions.Swap(made[^1]));
            SpinWait.SpinUntil(() => Interlocked.Read(ref requests) > seen || readers.Any(reader => reader.IsCompleted));
        }
        await Task.WhenAll(readers);
        Assert.All(made.SkipLast(1), resource => Assert.Equal(1, resource.Disposals));
        Assert.Equal(0, made[^1].Disposals);
        versions.Dispose();
        Assert.Equal(1, made[^1].Disposals);
    }

    private sealed class Resource(long version) : IDisposable
    {
        private int _disposals;

        public long Version => version;

        public int Disposals => Volatile.Read(ref _disposals);

        public GuidedSearch? Search { get; init; }

        public void Dispose() => Interlocked.Increment(ref _disposals);
    }
}
