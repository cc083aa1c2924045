using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Live;
using RecallCluster.Retrieval.Tests.Building;
using RecallCluster.Retrieval.Tests.Guided;

namespace RecallCluster.Retrieval.Tests.Live;

public sealed class LiveIndexTests : IDisposable
{
    private const int Dim = TestModel.Dim;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("live-index-");
    private readonly SeededRandom _random = new(31);

    public void Dispose() => _folder.Delete(recursive: true);

    private static GuidedSearchParameters Everything(int count) => new()
    {
        Layers = [new(Math.Max(1, count), int.MaxValue), new(16, 4)],
        ScanFactor = 0,
    };

    [Fact]
    public void Ads_added_to_an_empty_index_are_all_found()
    {
        using LiveIndex live = Open(0);
        Assert.Empty(new GuidedSearch(live).Search(new GuidedRequest(new float[Dim], 3)).Ordinals);
        Dictionary<string, float[]> ads = [];
        for (int i = 0; i < 400; i++)
        {
            AddRandom(live, ads, $"ad{i}");
            if (i is 0 or 1 or 2 or 30 or 399)
                AssertFindsExactly(live, ads, Everything(i + 1), 50);
        }
        AssertDegrees(live);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    public void Ads_added_on_top_of_a_file_are_found_like_the_others(int? room)
    {
        using LiveIndex live = Open(600, out Dictionary<string, float[]> ads, room);
        for (int i = 0; i < 900; i++)
            AddRandom(live, ads, $"new{i}");
        Assert.Equal(1_500, live.Count);
        Assert.Equal(1_500, live.OrdinalCount);
        AssertFindsExactly(live, ads, Everything(1_500), 100);
        AssertFindsMostly(live, ads, new GuidedSearchParameters { Layers = [new(200, 8), new(60, 3)], EntryLayer = 1 }, 20, 0.95);
        AssertDegrees(live);
        foreach ((string id, _) in ads)
        {
            Assert.True(live.TryOrdinalOf(id, out int ordinal));
            Assert.Equal(id, live.IdOf(ordinal));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void At_half_tombstones_K_living_ads_are_found(bool repaired)
    {
        using LiveIndex live = Open(1_600, out Dictionary<string, float[]> ads);
        foreach (string id in ads.Keys.Order().ToArray())
        {
            if (_random.NextInt(2) == 0)
                Assert.True(live.Delete(id) && ads.Remove(id));
        }
        Assert.Equal(ads.Count, live.Count);
        if (repaired)
        {
            while (live.Repair(97) > 0)
            {
            }
            AssertNoLinkToDeleted(live);
        }
        AssertFindsExactly(live, ads, Everything(1_600), 100);
        AssertFindsExactly(live, ads, new GuidedSearchParameters { ScanFactor = 1_000 }, 100);
        AssertFindsMostly(live, ads, new GuidedSearchParameters { Layers = [new(100, 8), new(60, 3)], ScanFactor = 0 }, 50, 0.9);
        AssertNearestMostly(live, ads, 0.95);
        AssertDegrees(live);
    }

    [Fact]
    public void A_filter_and_tombstones_together_leave_K_results()
    {
        using LiveIndex live = Open(1_000, out Dictionary<string, float[]> ads);
        foreach (string id in ads.Keys.ToArray())
        {
            if (_random.NextInt(2) == 0)
                Assert.True(live.Delete(id) && ads.Remove(id));
        }
        foreach (double scanFactor in new[] { 0, 8.0 })
        {
            var filter = new EligibilityFilter(live.OrdinalCount);
            for (int i = 0; i < live.OrdinalCount; i++)
                filter[i] = _random.NextInt(10) == 0;
            string[] eligible = [.. ads.Keys.Where(id => live.TryOrdinalOf(id, out int ordinal) && filter[ordinal])];
            var search = new GuidedSearch(live, new GuidedSearchParameters { ScanFactor = scanFactor });
            GuidedSearchResult result = search.Search(new GuidedRequest(TestModel.User(_random), 30) { Filter = filter });
            Assert.Equal(30, result.Ordinals.Length);
            Assert.All(result.Ordinals, ordinal => Assert.Contains(live.IdOf(ordinal), eligible));
        }
    }

    [Fact]
    public void Everything_deleted_gives_nothing_and_can_be_built_up_again()
    {
        using LiveIndex live = Open(60, out Dictionary<string, float[]> ads);
        foreach (string id in ads.Keys)
            Assert.True(live.Delete(id));
        Assert.False(live.Delete("ad3"));
        Assert.Equal(0, live.Count);
        while (live.Repair(7) > 0)
        {
        }
        Assert.Empty(new GuidedSearch(live).Search(new GuidedRequest(new float[Dim], 5)).Ordinals);
        Assert.Equal(0, live.Nearest(new float[Dim], 10, new int[5], []));
        ads.Clear();
        for (int i = 0; i < 80; i++)
            AddRandom(live, ads, $"ad{i}");
        AssertFindsExactly(live, ads, Everything(140), 80);
    }

    [Fact]
    public void An_update_gives_a_new_ordinal_and_the_new_score()
    {
        using LiveIndex live = Open(200, out Dictionary<string, float[]> ads);
        foreach (string id in ads.Keys.ToArray())
        {
            live.TryOrdinalOf(id, out int before);
            ads[id] = TestModel.User(_random);
            int after = live.Update(id, ads[id], ads[id]);
            Assert.NotEqual(before, after);
            Assert.True(live.TryOrdinalOf(id, out int now));
            Assert.Equal(after, now);
        }
        Assert.Equal(200, live.Count);
        Assert.Equal(400, live.OrdinalCount);
        AssertFindsExactly(live, ads, Everything(400), 200);
    }

    [Fact]
    public void An_ad_that_was_deleted_can_be_added_again()
    {
        using LiveIndex live = Open(50, out Dictionary<string, float[]> ads);
        Assert.True(live.Delete("ad7"));
        Assert.False(live.TryOrdinalOf("ad7", out _));
        AddRandom(live, ads, "ad7");
        AssertFindsExactly(live, ads, Everything(51), 50);
        Assert.Contains(
            "in the index already", Assert.Throws<ArgumentException>(() => AddRandom(live, ads, "ad7")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Repair_does_a_bounded_piece_of_work_and_leaves_a_deleted_entry_point()
    {
        using LiveIndex live = Open(500, out Dictionary<string, float[]> ads);
        string entry = live.IdOf(live.Store.EntryPoint);
        Assert.Equal(0, live.Repair(10));
        Assert.True(live.Delete(entry) && ads.Remove(entry));
        Assert.Equal(500, live.RepairBacklog);
        Assert.Equal(490, live.Repair(10));
        Assert.Equal(0, live.Repair(10_000));
        Assert.False(live.Store.IsDeleted(live.Store.EntryPoint));
        AssertNoLinkToDeleted(live);
        AssertFindsExactly(live, ads, Everything(500), 40);
    }

    [Fact]
    public void Compacting_writes_what_lives()
    {
        using LiveIndex live = Open(900, out Dictionary<string, float[]> ads);
        for (int i = 0; i < 300; i++)
            AddRandom(live, ads, $"new{i}");
        foreach (string id in ads.Keys.Order().ToArray())
        {
            int dice = _random.NextInt(4);
            if (dice == 0)
                Assert.True(live.Delete(id) && ads.Remove(id));
            else if (dice == 1)
                live.Update(id, ads[id] = TestModel.User(_random), ads[id]);
        }
        string path = Path.Combine(_folder.FullName, "compact.rci");
        live.Compact(path);
        using AdIndex compact = AdIndex.Open(path, IndexCheck.All);
        GraphInvariants.Check(compact.Graph);
        Assert.Equal(Enumerable.Range(0, compact.Count), LocalityOrder.Find(compact.Graph));
        Assert.Equal(ads.Count, compact.Count);
        Assert.Equal("model", compact.Metadata.ModelFingerprint);
        Assert.Equal([9, 9], compact.ScorerWeights.Span(0, 2).ToArray());
        foreach ((string id, float[] vector) in ads)
        {
            Assert.True(compact.TryOrdinalOf(id, out int ordinal));
            Assert.Equal(vector, compact.Vectors.Span((long)ordinal * Dim, Dim).ToArray());
            Assert.Equal(vector, compact.Records.Span((long)ordinal * Dim, Dim).ToArray());
        }
        using var again = new LiveIndex(AdIndex.Open(path), (records, count) => new RecordScorer(records, count));
        AssertFindsExactly(again, ads, Everything(ads.Count), 100);
        AssertFindsExactly(live, ads, Everything(live.OrdinalCount), 100);
    }

    [Fact]
    public void Compacting_an_empty_index_writes_an_empty_one()
    {
        using LiveIndex live = Open(1);
        Assert.True(live.Delete("ad0"));
        string path = Path.Combine(_folder.FullName, "empty.rci");
        live.Compact(path);
        using AdIndex compact = AdIndex.Open(path, IndexCheck.All);
        Assert.Equal(0, compact.Count);
    }

    [Fact]
    public async Task Searches_run_while_ads_come_change_and_go()
    {
        using LiveIndex live = Open(300, out Dictionary<string, float[]> ads, room: 10);
        string[] kept = [.. ads.Keys.Take(100)];
        string[] changing = [.. ads.Keys.Skip(100).Take(50)];
        string[] passing = [.. ads.Keys.Skip(150)];
        using var done = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            var random = new SeededRandom((ulong)seed);
            do
            {
                // Everything that lives: what is only updated must be there, once.
                var search = new GuidedSearch(live, Everything(100_000));
                GuidedSearchResult result = search.Search(new GuidedRequest(TestModel.User(random), 100_000));
                string[] ids = [.. result.Ordinals.Select(live.IdOf)];
                Assert.Equal(ids.Length, ids.Distinct().Count());
                Assert.Empty(kept.Concat(changing).Except(ids));
                var nearest = new int[10];
                Assert.Equal(10, live.Nearest(TestModel.User(random), 20, nearest, []));
                Assert.Equal(10, nearest.Distinct().Count());
            }
            while (!done.IsCancellationRequested);
        }))];
        try
        {
            var queue = new Queue<string>(passing);
            for (int step = 0; step < 1_500 && readers.All(reader => !reader.IsCompleted); step++)
            {
                float[] vector = TestModel.User(_random);
                switch (step % 4)
                {
                    case 0:
                        queue.Enqueue($"passing{step}");
                        live.Add($"passing{step}", vector, vector);
                        break;
                    case 1:
                        live.Delete(queue.Dequeue());
                        break;
                    case 2:
                        live.Update(changing[step % changing.Length], vector, vector);
                        break;
                    default:
                        live.Repair(20);
                        break;
                }
            }
        }
        finally
        {
            await done.CancelAsync();
        }
        await Task.WhenAll(readers);
        AssertDegrees(live);
    }

    [Fact]
    public void A_second_writer_is_told_so()
    {
        LiveIndex? live = null;
        InvalidOperationException? refusal = null;
        live = new LiveIndex(
            Write(5, out _),
            (records, count) =>
            {
                // Called during the addition that outgrows the memory.
                if (live is not null)
                    refusal = Assert.Throws<InvalidOperationException>(() => live.Delete("ad1"));
                return new RecordScorer(records, count);
            },
            new LiveIndexOptions { Room = 0 });
        live.Add("new", new float[Dim], new float[Dim]);
        Assert.Contains("one writer", Assert.IsType<InvalidOperationException>(refusal).Message, StringComparison.Ordinal);
        Assert.True(live.Delete("ad1"));
        live.Dispose();
    }

    [Fact]
    public void Misuse_is_named()
    {
        using LiveIndex live = Open(10);
        var good = new float[Dim];
        AssertRefused("has 3 floats; the index has 8", () => live.Add("x", new float[3], good));
        AssertRefused("The record of ad 'x'", () => live.Add("x", good, new float[3]));
        AssertRefused("NaN", () => live.Add("x", [float.NaN, .. good[1..]], good));
        AssertRefused("not in the index", () => live.Update("x", good, good));
        Assert.Throws<ArgumentException>(() => live.Add("", good, good));
        Assert.Throws<ArgumentOutOfRangeException>(() => live.IdOf(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => live.Repair(0));
        Assert.Equal(10, live.Count);
        Assert.Equal(10, live.OrdinalCount);
    }

    private static void AssertRefused(string message, Action action) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);

    private LiveIndex Open(int count) => Open(count, out _);

    private LiveIndex Open(int count, out Dictionary<string, float[]> ads, int? room = null) =>
        new(
            Write(count, out ads), (records, capacity) => new RecordScorer(records, capacity),
            new LiveIndexOptions { EfConstruction = 60, LevelRatio = 8, Room = room });

    private AdIndex Write(int count, out Dictionary<string, float[]> ads)
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(count, Dim, 8);
        ads = [];
        for (int i = 0; i < count; i++)
            ads[$"ad{i}"] = vectors.Span((long)i * Dim, Dim).ToArray();
        string path = Path.Combine(_folder.FullName, "base.rci");
        AdIndexFile.Write(path, new AdIndexContents
        {
            Graph = HnswBuilder.Build(vectors, count, Dim, new HnswOptions { M = 8, EfConstruction = 60, LevelRatio = 8 }),
            Dim = Dim,
            Vectors = vectors,
            RecordLength = Dim,
            Records = vectors,
            Ids = [.. ads.Keys],
            ScorerWeights = new byte[] { 9, 9 },
            Metadata = new AdIndexMetadata { ModelFingerprint = "model" },
        });
        return AdIndex.Open(path);
    }

    private void AddRandom(LiveIndex live, Dictionary<string, float[]> ads, string id)
    {
        float[] vector = TestModel.User(_random);
        live.Add(id, vector, vector);
        ads[id] = vector;
    }

    private void AssertFindsExactly(LiveIndex live, Dictionary<string, float[]> ads, GuidedSearchParameters parameters, int k)
    {
        float[] user = TestModel.User(_random);
        GuidedSearchResult result = new GuidedSearch(live, parameters).Search(new GuidedRequest(user, k));
        Assert.Equal(Best(ads, user, k), result.Ordinals.Select(live.IdOf));
    }

    private void AssertFindsMostly(LiveIndex live, Dictionary<string, float[]> ads, GuidedSearchParameters parameters, int k, double share)
    {
        var search = new GuidedSearch(live, parameters);
        int found = 0, scorings = 0;
        const int Queries = 20;
        for (int query = 0; query < Queries; query++)
        {
            float[] user = TestModel.User(_random);
            GuidedSearchResult result = search.Search(new GuidedRequest(user, k));
            Assert.Equal(k, result.Ordinals.Length);
            found += result.Ordinals.Select(live.IdOf).Intersect(Best(ads, user, k)).Count();
            scorings += result.Statistics.Scorings;
        }
        Assert.True(found >= share * Queries * k, $"found {found} of {Queries * k}");
        Assert.True(scorings < Queries * live.OrdinalCount, "some ads are left unscored");
    }

    private void AssertNearestMostly(LiveIndex live, Dictionary<string, float[]> ads, double share)
    {
        int found = 0;
        var ordinals = new int[10];
        var distances = new float[10];
        for (int query = 0; query < 20; query++)
        {
            float[] point = TestModel.User(_random);
            Assert.Equal(10, live.Nearest(point, 40, ordinals, distances));
            Assert.Equal(distances.Order(), distances);
            IEnumerable<string> truth = ads.OrderBy(
                ad => ad.Value.Zip(point, (a, b) => (double)(a - b) * (a - b)).Sum()).Take(10).Select(ad => ad.Key);
            found += ordinals.Select(live.IdOf).Intersect(truth).Count();
        }
        Assert.True(found >= share * 200, $"found {found} of 200");
    }

    private static string[] Best(Dictionary<string, float[]> ads, float[] user, int k) =>
        [.. ads.OrderByDescending(ad => RecordScorer.Score(user, ad.Value)).Take(k).Select(ad => ad.Key)];

    private static unsafe void AssertDegrees(LiveIndex live)
    {
        LiveStore store = live.Store;
        for (int node = 0; node < store.Count; node++)
        {
            for (int layer = 0; layer <= store.Level(node); layer++)
            {
                int[] row = Row(store, node, layer);
                Assert.True(row.Length <= (layer == 0 ? store.M0 : store.M));
                Assert.Equal(row.Length, row.Distinct().Count());
                Assert.DoesNotContain(node, row);
                Assert.All(row, neighbor => Assert.True(store.Level(neighbor) >= layer));
            }
        }
    }

    private static void AssertNoLinkToDeleted(LiveIndex live)
    {
        LiveStore store = live.Store;
        for (int node = 0; node < store.Count; node++)
        {
            if (!store.IsDeleted(node))
                Assert.DoesNotContain(Row(store, node, 0), store.IsDeleted);
        }
    }

    private static unsafe int[] Row(LiveStore store, int node, int layer)
    {
        int* row = store.Neighbors(node, layer, out int length);
        return new ReadOnlySpan<int>(row, length).ToArray();
    }

    /// <summary>Nearness of the record to the user or to its opposite.</summary>
    private sealed class RecordScorer(NativeBlock<float> records, int count) : IScorer
    {
        public int ItemCount => count;

        public int UserStateLength => Dim;

        public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
        {
            for (int i = 0; i < ordinals.Length; i++)
                scores[i] = Score(userState, records.Span((long)ordinals[i] * Dim, Dim));
        }

        public static float Score(ReadOnlySpan<float> user, ReadOnlySpan<float> record)
        {
            double near = 0, far = 0;
            for (int j = 0; j < user.Length; j++)
            {
                near += (record[j] - user[j]) * (record[j] - user[j]);
                far += (record[j] + user[j]) * (record[j] + user[j]);
            }
            return (float)(Math.Exp(-near / 8) + (0.8 * Math.Exp(-far / 8)));
        }
    }
}
