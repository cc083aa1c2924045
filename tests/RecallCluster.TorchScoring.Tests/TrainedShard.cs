using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;
using RecallCluster.Simulation;
using RecallCluster.TorchScoring.Devices;

namespace RecallCluster.TorchScoring.Tests;

/// <summary>A small world, a model trained on it for some seconds, and its index of one shard; made once, in a folder that goes.</summary>
public sealed class TrainedShard : IDisposable
{
    private const int UserCount = 16;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("recall-torch-");
    private readonly TargetVectors _ads;

    public TrainedShard()
    {
        Dataset dataset = new SyntheticWorld(new SyntheticWorldOptions { Ads = 12_000, Users = 1_500, Seed = 3 }).ToDataset();
        var model = (DeepAdModel)ModelDirectory.Create(ModelConfig.For(dataset), new SeededRandom(2));
        var training = new TrainingOptions { BatchSize = 64, Negatives = 256, MaxSteps = 250, LearningRate = 5e-3f, ValidationUsers = 50 };
        new Trainer(training).Train(model, dataset);
        ModelDirectory.Save(ModelFolder, model);
        IndexBuild.Run(
            IndexFolder, model, Serving.Hosting.ModelFingerprint.Of(ModelFolder), dataset, new IndexBuildOptions { Threads = 1 });
        Model = model;
        Index = IndexDirectory.OpenShard(IndexFolder, IndexDirectory.ReadManifest(IndexFolder), 0);
        _ads = TargetVectors.Of(model.Config, Index);
        var encoder = UserEncoder.Of(model, _ads);
        Host = new FoldedScorer(Learning.Scoring.ModelFolder.Weights(model), Index.Records, Index.Count);
        Users = [.. Enumerable.Range(0, UserCount).Select(user => UserOf(dataset, encoder, user))];
    }

    public DeepAdModel Model { get; }

    public AdIndex Index { get; }

    /// <summary>What scores are held against.</summary>
    public FoldedScorer Host { get; }

    /// <summary>Prepared states and behaviours; the first user has none.</summary>
    public IReadOnlyList<(float[] State, int[] Seeds)> Users { get; }

    public string ModelFolder => Path.Combine(_folder.FullName, "model");

    public string IndexFolder => Path.Combine(_folder.FullName, "index");

    public IDeviceShard Open(
        string scorer, ScorerPrecision precision = ScorerPrecision.Fp32, Func<DeviceOptions, DeviceOptions>? with = null) =>
        Open(scorer, GuidedSearchParameters.Default, precision, with);

    public IDeviceShard Open(
        string scorer, GuidedSearchParameters parameters, ScorerPrecision precision = ScorerPrecision.Fp32,
        Func<DeviceOptions, DeviceOptions>? with = null)
    {
        var options = new DeviceOptions
        {
            Scorer = ScorerChoice.TryParse(scorer)!,
            Precision = precision,
            Batches = new DeviceBatches { Requests = [1, 2, 4], Ads = [64, 1_024, 4_096], MostPlaces = 1 << 13 },
        };
        return new TorchPlugin().Open(Model, Index, parameters, with is null ? options : with(options));
    }

    public static string ModuleAt(string name) => Testing.Repository.Golden("torch", name);

    public static float[] Score(IScorer scorer, float[] state, int[] ordinals)
    {
        var scores = new float[ordinals.Length];
        scorer.Score(state, ordinals, scores);
        return scores;
    }

    public int[] AllAds() => [.. Enumerable.Range(0, Index.Count)];

    public void Dispose()
    {
        Host.Dispose();
        _ads.Dispose();
        Index.Dispose();
        _folder.Delete(recursive: true);
    }

    private (float[] State, int[] Seeds) UserOf(Dataset dataset, UserEncoder encoder, int user)
    {
        int[] seeds = user == 0
            ? []
            : [.. dataset.Train.ItemsOf(user).ToArray().Select(
                item => Index.TryOrdinalOf(dataset.Items.Ids[item], out int ordinal) ? ordinal : throw new InvalidDataException())];
        var state = new float[encoder.UserStateLength];
        encoder.Encode(Array.ConvertAll(dataset.Users.Codes, field => field[user]), seeds, state);
        return (state, seeds);
    }
}

/// <summary>The tests that share one shard, one class after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedShard : ICollectionFixture<TrainedShard>
{
    public const string Name = "shard";
}

/// <summary>Every scorer that can run here: the processor's, and a CUDA device's where there is one.</summary>
public static class Scorers
{
    /// <summary>Why nothing runs on CUDA here; null where it does.</summary>
    public static string? NoCuda { get; } = Reason();

    public static TheoryData<string> Places => NoCuda is null ? ["torch-cpu", "cuda:0"] : ["torch-cpu"];

    private static string? Reason()
    {
        try
        {
            LibTorch.Load(ScorerPlace.Cuda);
            return null;
        }
        catch (DeviceUnavailableException e)
        {
            return e.Message;
        }
    }
}

/// <summary>A test that needs a CUDA device.</summary>
public sealed class CudaFactAttribute : FactAttribute
{
    public CudaFactAttribute() => Skip = Scorers.NoCuda;
}
