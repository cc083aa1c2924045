using System.Runtime.InteropServices;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Tests.Building;
using RecallCluster.Retrieval.Tests.Guided;

namespace RecallCluster.Retrieval.Tests.Files;

public sealed class AdIndexTests : IDisposable
{
    private const int RecordLength = 12;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ad-index-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Target => Path.Combine(_folder.FullName, "ads.rci");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1_000)]
    public void What_was_written_is_read_back(int count)
    {
        AdIndexContents contents = Contents(count);
        AdIndexFile.Write(Target, contents);
        using AdIndex index = AdIndex.Open(Target, IndexCheck.All);
        Assert.Equal(count, index.Count);
        Assert.Equal(TestModel.Dim, index.Dim);
        Assert.Equal(RecordLength, index.RecordLength);
        Assert.Equal(contents.Graph.EntryPoint, index.Graph.EntryPoint);
        Assert.Equal(contents.Graph.M, index.Graph.M);
        Assert.Equal(contents.Graph.M0, index.Graph.M0);
        AssertEqual(contents.Vectors, index.Vectors);
        AssertEqual(contents.Records!, index.Records);
        AssertEqual(contents.Graph.Levels, index.Graph.Levels);
        AssertEqual(contents.Graph.BaseSplits, index.Graph.BaseSplits);
        AssertEqual(contents.Graph.BaseNeighbors, index.Graph.BaseNeighbors);
        AssertEqual(contents.Graph.UpperRows, index.Graph.UpperRows);
        AssertEqual(contents.Graph.UpperSplits, index.Graph.UpperSplits);
        AssertEqual(contents.Graph.UpperNeighbors, index.Graph.UpperNeighbors);
        Assert.Equal([1, 2, 3], index.ScorerWeights.Span(0, 3).ToArray());
        Assert.Equal("model-1", index.Metadata.ModelFingerprint);
        Assert.Equal("16", index.Metadata.Properties["M"]);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(contents.Ids[i], index.IdOf(i));
            Assert.True(index.TryOrdinalOf(contents.Ids[i], out int ordinal));
            Assert.Equal(i, ordinal);
        }
        Assert.False(index.TryOrdinalOf("no such ad", out _));
        Assert.False(index.TryOrdinalOf("", out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => index.IdOf(count));
        Assert.Throws<ArgumentOutOfRangeException>(() => index.IdOf(-1));
        Assert.True(index.Warm() > 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000)]
    public void Ads_can_be_renumbered_while_they_are_written(int count)
    {
        AdIndexContents contents = Contents(count);
        int[] order = LocalityOrder.Find(contents.Graph);
        AdIndexFile.Write(Target, contents with { Order = order });
        using AdIndex index = AdIndex.Open(Target, IndexCheck.All);
        GraphInvariants.Check(index.Graph);
        HnswGraph expected = LocalityOrder.Apply(contents.Graph, order);
        AssertEqual(expected.BaseNeighbors, index.Graph.BaseNeighbors);
        for (int i = 0; i < count; i++)
        {
            Assert.True(index.TryOrdinalOf(contents.Ids[order[i]], out int ordinal));
            Assert.Equal(i, ordinal);
            Assert.Equal(contents.Ids[order[i]], index.IdOf(i));
            Assert.Equal(
                contents.Vectors.Span((long)order[i] * TestModel.Dim, TestModel.Dim).ToArray(),
                index.Vectors.Span((long)i * TestModel.Dim, TestModel.Dim).ToArray());
            Assert.Equal(
                contents.Records!.Span((long)order[i] * RecordLength, RecordLength).ToArray(),
                index.Records.Span((long)i * RecordLength, RecordLength).ToArray());
        }
    }

    [Fact]
    public unsafe void Sections_begin_at_pages()
    {
        AdIndexFile.Write(Target, Contents(100));
        using AdIndex index = AdIndex.Open(Target);
        Assert.Equal(0u, (nuint)index.Vectors.Pointer % 4096);
        Assert.Equal(0u, (nuint)index.Records.Pointer % 4096);
        Assert.Equal(0u, (nuint)index.Graph.BaseNeighbors.Pointer % 4096);
        Assert.Equal(0, index.FileBytes % 4096);
    }

    [Fact]
    public void An_index_without_records_and_weights_is_fine()
    {
        AdIndexFile.Write(Target, Contents(50) with { RecordLength = 0, Records = null, ScorerWeights = default });
        using AdIndex index = AdIndex.Open(Target, IndexCheck.All);
        Assert.Equal(0, index.RecordLength);
        Assert.Equal(0, index.Records.Length);
        Assert.Equal(0, index.ScorerWeights.Length);
    }

    [Fact]
    public void A_search_over_the_mapped_graph_equals_one_over_the_built_graph()
    {
        var model = new TestModel(800);
        AdIndexFile.Write(Target, Contents(model.Graph, model.Vectors));
        using AdIndex index = AdIndex.Open(Target);
        float[] user = TestModel.User(new SeededRandom(4));
        Assert.Equal(
            new GuidedSearch(model.Graph, model.Scorer).Search(new GuidedRequest(user, 30)).Ordinals,
            new GuidedSearch(index.Graph, model.Scorer).Search(new GuidedRequest(user, 30)).Ordinals);
    }

    [Fact]
    public void Every_flipped_bit_is_found()
    {
        AdIndexFile.Write(Target, Contents(300));
        byte[] good = File.ReadAllBytes(Target);
        string damaged = Path.Combine(_folder.FullName, "damaged.rci");
        var random = new SeededRandom(9);

        // All of the header's fields and the section table, then a sample of the rest.
        IEnumerable<int> positions = Enumerable.Range(0, 128 + (13 * 64)).Concat(
            Enumerable.Range(0, 1_500).Select(_ => random.NextInt(good.Length)));
        foreach (int position in positions)
        {
            byte[] bad = [.. good];
            bad[position] ^= (byte)(1 << random.NextInt(8));
            File.WriteAllBytes(damaged, bad);
            InvalidDataException error = Assert.Throws<InvalidDataException>(() => AdIndex.Open(damaged, IndexCheck.All).Dispose());
            Assert.Contains(damaged, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_truncation_is_found_at_opening()
    {
        AdIndexFile.Write(Target, Contents(100));
        byte[] good = File.ReadAllBytes(Target);
        string damaged = Path.Combine(_folder.FullName, "damaged.rci");
        foreach (int length in new[] { 0, 1, 127, 128, 4_095, 4_096, 4_097, good.Length / 2, good.Length - 4_096, good.Length - 1 })
        {
            File.WriteAllBytes(damaged, good.AsSpan(0, length));
            InvalidDataException error = Assert.Throws<InvalidDataException>(() => AdIndex.Open(damaged, IndexCheck.Header));
            Assert.Contains(damaged, error.Message, StringComparison.Ordinal);
        }
        File.WriteAllBytes(damaged, [.. good, 0]);
        Assert.Throws<InvalidDataException>(() => AdIndex.Open(damaged, IndexCheck.Header));
    }

    [Fact]
    public void Errors_name_the_part_and_the_check()
    {
        AdIndexFile.Write(Target, Contents(300));
        AssertError("starts with", bytes => bytes[0] = (byte)'X');
        AssertError("other byte order", bytes =>
        {
            bytes.AsSpan(0, 8).Reverse();
            bytes.AsSpan(8, 4).Reverse();
        });
        AssertError("version is 2", bytes => bytes[12] = 2);
        AssertError("checksum of the first page", bytes => bytes[40]++);
        AssertError("section 'vectors': its checksum", bytes => bytes[Offset(bytes, "vectors")]++);
        AssertError("section 'base-neighbors': its checksum", bytes => bytes[Offset(bytes, "base-neighbors")]++, IndexCheck.Graph);
        AssertError("section 'metadata': its checksum", bytes => bytes[Offset(bytes, "metadata")]++, IndexCheck.Header);
        AssertError("padding", bytes => bytes[^1] = 1);
    }

    [Fact]
    public void A_graph_that_is_wrong_though_its_checksums_are_right_is_refused()
    {
        AssertGraphError("is -5", graph => graph.BaseNeighbors[3] = -5);
        AssertGraphError("is 300; there are 300 ads", graph => graph.BaseNeighbors[3] = 300);
        AssertGraphError("'base-splits': row 4 has", graph => graph.BaseSplits[5] = graph.BaseSplits[4] - 1);
        AssertGraphError("do not span", graph => graph.BaseSplits[0] = 1);
        AssertGraphError("'upper-rows'", graph => graph.UpperRows[0] = 77);
        AssertGraphError(
            "where that does not stand", graph => graph.UpperNeighbors[0] = Enumerable.Range(0, 300).First(i => graph.Levels[i] == 0));
        AssertGraphError("at most 32", graph => graph.Levels[graph.EntryPoint] = 32);
        AssertGraphError("above the entry point's", graph => graph.Levels[graph.EntryPoint == 0 ? 1 : 0] = 9);
    }

    [Theory]
    [InlineData(1_025, 8)]
    [InlineData(4, 2_049)]
    [InlineData(4, int.MaxValue)]
    [InlineData(0, 8)]
    public void Degree_bounds_that_no_search_can_make_room_for_are_refused(int m, int m0)
    {
        AdIndexContents contents = Contents(10);
        HnswGraph g = contents.Graph;
        AdIndexFile.Write(Target, contents with
        {
            Graph = new HnswGraph(
                g.Count, m, m0, g.EntryPoint, g.Levels, g.BaseSplits, g.BaseNeighbors, g.UpperRows, g.UpperSplits, g.UpperNeighbors),
        });
        Assert.Contains(
            "degree bounds", Assert.Throws<InvalidDataException>(() => AdIndex.Open(Target, IndexCheck.Header)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{\"properties\":null}")]
    [InlineData("{\"modelFingerprint\":null}")]
    [InlineData("{\"modelFingerprint\":7}")]
    public void Metadata_that_is_wrong_though_its_checksum_is_right_is_refused(string json)
    {
        AdIndexContents contents = Contents(10);
        AdIndexFile.Write(Target, contents);
        using (AdIndex index = AdIndex.Open(Target))
            Assert.NotEmpty(index.Metadata.Properties);
        byte[] bytes = File.ReadAllBytes(Target);
        SectionEntry entry = default;
        foreach (ref SectionEntry at in MemoryMarshal.Cast<byte, SectionEntry>(bytes.AsSpan(128, 4_096 - 128)))
        {
            if (at.Name != "metadata")
                continue;
            bytes.AsSpan((int)at.Offset, (int)at.Bytes).Fill((byte)' ');
            System.Text.Encoding.UTF8.GetBytes(json, bytes.AsSpan((int)at.Offset, (int)at.Bytes));
            at.Checksum = Crc32C.Of(bytes.AsSpan((int)at.Offset, (int)at.Bytes));
            entry = at;
        }
        Assert.Equal("metadata", entry.Name);
        ref IndexHeader header = ref MemoryMarshal.AsRef<IndexHeader>(bytes.AsSpan());
        header.Checksum = 0;
        header.Checksum = Crc32C.Of(bytes.AsSpan(0, 4_096));
        File.WriteAllBytes(Target, bytes);
        Assert.Contains(
            "section 'metadata'", Assert.Throws<InvalidDataException>(() => AdIndex.Open(Target)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_closed_index_says_so()
    {
        AdIndexFile.Write(Target, Contents(10));
        AdIndex index = AdIndex.Open(Target);
        index.Dispose();
        Assert.Throws<ObjectDisposedException>(() => index.IdOf(3));
        Assert.Throws<ObjectDisposedException>(() => index.TryOrdinalOf("ad1", out _));
        Assert.Throws<ObjectDisposedException>(() => index.Vectors.Span(0, 1).Length);
        Assert.Throws<ObjectDisposedException>(() => index.Warm());
    }

    [Fact]
    public void A_model_of_other_dimensions_is_refused()
    {
        AdIndexFile.Write(Target, Contents(10));
        using AdIndex index = AdIndex.Open(Target);
        index.RequireShape(TestModel.Dim, RecordLength);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => index.RequireShape(TestModel.Dim, RecordLength + 1));
        Assert.Contains("the model wants 8 and 13", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_that_do_not_fit_together_are_named()
    {
        AdIndexContents contents = Contents(5);
        AssertRefused("ids for 5 ads", contents with { Ids = ["a"] });
        AssertRefused("Ads 1 and 3 have the same id 'b'", contents with { Ids = ["a", "b", "c", "b", "e"] });
        AssertRefused("Ad 2 has an empty id", contents with { Ids = ["a", "b", "", "d", "e"] });
        AssertRefused("'vectors'", contents with { Vectors = new NativeBlock<float>(3) });
        AssertRefused("'records'", contents with { Records = new NativeBlock<float>(3) });
        AssertRefused("there are no records", contents with { Records = null });
        AssertRefused("4 entries for 5 nodes", contents with { Order = [0, 1, 2, 3] });
        AssertRefused("a repetition", contents with { Order = [0, 1, 2, 3, 3] });
        AssertRefused("'records'", contents with { Records = new NativeBlock<float>(3), Order = [4, 3, 2, 1, 0] });
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void A_failed_write_leaves_the_old_index()
    {
        AdIndexFile.Write(Target, Contents(20));
        var failing = new IndexSection("records", ElementType.Single, 4, 1 << 20, sink =>
        {
            sink(new byte[1 << 16]);
            throw new IOException("No space left on device");
        });
        Assert.Throws<IOException>(() => IndexFileWriter.Write(Target, default, [failing]));
        Assert.Throws<InvalidOperationException>(
            () => IndexFileWriter.Write(Target, default, [failing with { Produce = sink => sink(new byte[4]) }]));
        using AdIndex index = AdIndex.Open(Target, IndexCheck.All);
        Assert.Equal(20, index.Count);
        Assert.Equal([Target], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        string missing = Path.Combine(_folder.FullName, "missing.rci");
        Assert.Contains(missing, Assert.Throws<FileNotFoundException>(() => AdIndex.Open(missing)).Message, StringComparison.Ordinal);
    }

    private static AdIndexContents Contents(int count)
    {
        NativeBlock<float> vectors = TestVectors.Gaussian(count, TestModel.Dim, 3);
        return Contents(
            HnswBuilder.Build(vectors, count, TestModel.Dim, new HnswOptions { M = 4, EfConstruction = 20, LevelRatio = 4 }), vectors);
    }

    private static AdIndexContents Contents(HnswGraph graph, NativeBlock<float> vectors) => new()
    {
        Graph = graph,
        Dim = TestModel.Dim,
        Vectors = vectors,
        RecordLength = RecordLength,
        Records = TestVectors.Gaussian(graph.Count, RecordLength, 5),
        Ids = [.. Enumerable.Range(0, graph.Count).Select(i => i % 7 == 0 ? $"käse-{i}-{new string('x', i % 90)}" : $"ad{i * 7919L}")],
        ScorerWeights = new byte[] { 1, 2, 3 },
        Metadata = new AdIndexMetadata { ModelFingerprint = "model-1", Properties = new Dictionary<string, string> { ["M"] = "16" } },
    };

    private static void AssertEqual<T>(NativeBlock<T> expected, NativeBlock<T> actual)
        where T : unmanaged
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.True(MemoryMarshal.AsBytes(expected.Span(0, (int)expected.Length)).SequenceEqual(
            MemoryMarshal.AsBytes(actual.Span(0, (int)actual.Length))));
    }

    private void AssertError(string message, Action<byte[]> damage, IndexCheck check = IndexCheck.All)
    {
        byte[] bytes = File.ReadAllBytes(Target);
        damage(bytes);
        string damaged = Path.Combine(_folder.FullName, "damaged.rci");
        File.WriteAllBytes(damaged, bytes);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => AdIndex.Open(damaged, check).Dispose());
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(damaged, error.Message, StringComparison.Ordinal);
    }

    private void AssertGraphError(string message, Action<HnswGraph> damage)
    {
        AdIndexContents contents = Contents(300);
        damage(contents.Graph);
        AdIndexFile.Write(Target, contents);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => AdIndex.Open(Target).Dispose());
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private void AssertRefused(string message, AdIndexContents contents) =>
        Assert.Contains(
            message, Assert.Throws<ArgumentException>(() => AdIndexFile.Write(Target, contents)).Message, StringComparison.Ordinal);

    private static int Offset(byte[] bytes, string section)
    {
        foreach (SectionEntry entry in MemoryMarshal.Cast<byte, SectionEntry>(bytes.AsSpan(128, 4_096 - 128)))
        {
            if (entry.Name == section)
                return (int)entry.Offset;
        }
        throw new InvalidOperationException($"no section {section}");
    }
}
