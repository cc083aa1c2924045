using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Tests;

public sealed class IndexDirectoryTests : IDisposable
{
    private static readonly IndexManifest Manifest = new()
    {
        Dataset = "toys",
        ModelFingerprint = "abc",
        M = 16,
        EfConstruction = 200,
        Seed = 3,
        Shards = [new ShardFile("shard-0.index", 5), new ShardFile("shard-1.index", 0)],
    };

    private static readonly TunedSearch Tuned = new()
    {
        ModelFingerprint = "abc",
        K = 200,
        Wanted = 0.95,
        Reached = 0.96,
        ScoredFraction = 0.04,
        Parameters = new GuidedSearchParameters
        {
            Layers = [new LayerBudget(200, 9, 16), new LayerBudget(64, 3)],
            EntryLayer = 1,
            MaxScorings = 1231,
            Visited = VisitedKind.HashSet,
        },
        Frontier = [new GuidedSearchParameters { MaxScorings = 7 }],
    };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-index-");

    private string Path => _directory.FullName;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void What_is_written_is_read()
    {
        Complete();
        IndexDirectory.WriteTuned(Path, Tuned);

        IndexManifest manifest = IndexDirectory.ReadManifest(Path);
        TunedSearch tuned = IndexDirectory.ReadTuned(Path, "abc")!;

        Assert.Equal(Manifest.Shards, manifest.Shards);
        Assert.Equal(Manifest with { Shards = manifest.Shards }, manifest);
        Assert.Equal(Tuned.Parameters.Layers, tuned.Parameters.Layers);
        Assert.Equal(Tuned with { Parameters = tuned.Parameters, Frontier = tuned.Frontier }, tuned);
        Assert.Equal([7], tuned.Frontier.Select(p => p.MaxScorings));
        Assert.Equal(Tuned.Parameters with { Layers = tuned.Parameters.Layers }, tuned.Parameters);
    }

    [Fact]
    public void An_index_that_was_not_tuned_has_no_parameters()
    {
        Complete();

        Assert.Null(IndexDirectory.ReadTuned(Path, "abc"));
    }

    [Fact]
    public void Parameters_of_another_model_are_refused()
    {
        Complete();
        IndexDirectory.WriteTuned(Path, Tuned);

        Assert.Contains("run `tune` again", Assert.Throws<InvalidDataException>(() => IndexDirectory.ReadTuned(Path, "def")).Message);
    }

    [Theory]
    [InlineData("{", "line 1")]
    [InlineData("null", "null")]
    [InlineData("{}", "index.json")]
    [InlineData(
        """{"format":"other","version":1,"dataset":"","modelFingerprint":"","m":1,"efConstruction":1,"seed":1,"shards":[]}""",
        "format is 'other'")]
    [InlineData(
        """{"format":"recall-index","version":9,"dataset":"","modelFingerprint":"","m":1,"efConstruction":1,"seed":1,"shards":[]}""",
        "version is 9")]
    [InlineData(
        """{"format":"recall-index","version":1,"dataset":"","modelFingerprint":"","m":1,"efConstruction":1,"seed":1,"shards":[]}""",
        "shards is empty")]
    [InlineData(
        """{"format":"recall-index","version":1,"dataset":null,"modelFingerprint":"","m":1,"efConstruction":1,"seed":1,"shards":[]}""",
        "dataset")]
    [InlineData(
        """{"format":"recall-index","version":1,"dataset":"","modelFingerprint":"","m":1,"efConstruction":1,"seed":1"""
        + ""","shards":[{"file":"../x","ads":1}]}""",
        "'../x' is missing")]
    [InlineData(
        """{"format":"recall-index","version":1,"dataset":"","modelFingerprint":"","m":1,"efConstruction":1,"seed":1"""
        + ""","shards":[{"file":"shard-7.index","ads":1}]}""",
        "'shard-7.index' is missing")]
    [InlineData(
        """{"format":"recall-index","version":1,"dataset":"","modelFingerprint":"","m":1,"efConstruction":1,"seed":1,"shards":[null]}""",
        "a shard is null")]
    public void A_broken_manifest_is_refused_with_place_and_reason(string json, string reason)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, "index.json"), json);

        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => IndexDirectory.ReadManifest(Path)).Message);
    }

    [Fact]
    public void Tuned_parameters_without_a_meaning_are_refused_with_file_and_reason()
    {
        Complete();
        AssertRefused("MaxScorings is 0", Tuned with { Parameters = new GuidedSearchParameters { MaxScorings = 0 } });
        AssertRefused("Layers is empty", Tuned with { Parameters = new GuidedSearchParameters { Layers = [] } });
        AssertRefused("EntryLayer is -1", Tuned with { Frontier = [new GuidedSearchParameters { EntryLayer = -1 }] });
        AssertRefused("null", Tuned with { Frontier = [null!] });

        void AssertRefused(string reason, TunedSearch tuned)
        {
            IndexDirectory.WriteTuned(Path, tuned);
            string message = Assert.Throws<InvalidDataException>(() => IndexDirectory.ReadTuned(Path, "abc")).Message;
            Assert.Contains("tuned.json", message);
            Assert.Contains(reason, message);
        }
    }

    [Fact]
    public void A_directory_without_manifest_is_no_index()
    {
        Assert.Contains("no index directory", Assert.Throws<InvalidDataException>(() => IndexDirectory.ReadManifest(Path)).Message);
        Assert.Throws<DirectoryNotFoundException>(() => IndexDirectory.ReadManifest(System.IO.Path.Combine(Path, "none")));
    }

    [Fact]
    public void Preparing_removes_an_old_index_but_nothing_else()
    {
        Complete();
        // A build that was killed leaves what it was writing.
        File.WriteAllText(System.IO.Path.Combine(Path, ".shard-1.index.k3j2h1g9.abc.tmp"), "half a shard");
        IndexDirectory.Prepare(Path);
        Assert.Empty(_directory.EnumerateFileSystemInfos());

        Complete();
        File.WriteAllText(System.IO.Path.Combine(Path, "thesis.txt"), "years of work");
        Assert.Contains("thesis.txt", Assert.Throws<IOException>(() => IndexDirectory.Prepare(Path)).Message);
        Assert.Equal(4, _directory.EnumerateFileSystemInfos().Count());
    }

    private void Complete()
    {
        foreach (ShardFile shard in Manifest.Shards)
            File.WriteAllText(System.IO.Path.Combine(Path, shard.File), "");
        IndexDirectory.WriteManifest(Path, Manifest);
    }
}
