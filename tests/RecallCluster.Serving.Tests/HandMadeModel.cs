using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Building;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Tests;

/// <summary>
/// A small data set with a random deep model and an index of any number of shards, in a directory that goes when the test is over.
/// </summary>
internal sealed class HandMadeModel : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-host-");

    public HandMadeModel(int ads, ulong seed = 1, AttentionKind attention = AttentionKind.Linear)
        : this(Ids(ads), seed, attention)
    {
    }

    public HandMadeModel(
        string[] ids, ulong seed = 1, AttentionKind attention = AttentionKind.Linear, string[]? genders = null,
        string[]? categories = null)
    {
        genders ??= ["", "f", "m"];
        int ads = ids.Length;
        var random = new SeededRandom(seed);
        int[] Codes(int count, int cardinality) => [.. Enumerable.Range(0, count).Select(_ => random.NextInt(cardinality))];
        Dataset = new Dataset(
            "hand-made",
            new FeatureTable(ids, [new Field("category", 8) { Labels = categories }], [Codes(ads, 8)]),
            new FeatureTable(["ann", "bob"], [new Field("gender", genders.Length) { Labels = genders }, new Field("age", 5)], [[1, 2], [4, 0]]),
            Ordered: true,
            new EventLog(
                [0, Math.Min(3, ads), Math.Min(3, ads)], [.. Enumerable.Range(0, Math.Min(3, ads))], new long[Math.Min(3, ads)],
                new EventKind[Math.Min(3, ads)]),
            EventLog.Empty(2),
            EventLog.Empty(2));
        Model = (DeepAdModel)ModelDirectory.Create(
            ModelConfig.For(Dataset) with
            {
                Width = 32,
                IdWidth = 16,
                FieldWidth = 8,
                Hidden1 = 32,
                Hidden2 = 16,
                SequenceLimit = 10,
                Attention = attention,
            },
            random);
        ModelDirectory.Save(ModelPath, Model);
    }

    public Dataset Dataset { get; }

    public DeepAdModel Model { get; }

    public string Fingerprint => ModelFingerprint.Of(ModelPath);

    public string ModelPath => Path.Combine(_directory.FullName, "model");

    /// <summary>Builds an index and says where.</summary>
    public string Index(int shards)
    {
        string path = Path.Combine(_directory.FullName, $"index-{shards}");
        IndexBuild.Run(
            path, Model, ModelFingerprint.Of(ModelPath), Dataset,
            new IndexBuildOptions { Shards = shards, Threads = 1, Graph = new HnswOptions { M = 8, EfConstruction = 40 } });
        return path;
    }

    /// <summary>The K ads of highest score, by scoring every ad without any index.</summary>
    public string[] Best(int[] profile, int[] sequence, int k)
    {
        using TargetVectors targets = TargetVectors.Compute(Model, Dataset.Items);
        using PreparedModel prepared = PreparedModel.Of(Model, targets);
        var state = new float[prepared.Encoder.UserStateLength];
        prepared.Encoder.Encode(profile, sequence, state);
        return [.. new ExhaustiveSearch(prepared.Scorer).Search(state, k).Ordinals.Select(row => Dataset.Items.Ids[row])];
    }

    public static string[] Ids(int ads) => [.. Enumerable.Range(0, ads).Select(i => $"ad{i}")];

    public void Dispose() => _directory.Delete(recursive: true);
}
