using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;
using RecallCluster.Serving.Indexes;
using RecallCluster.Simulation;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// The world, the models trained on it and the index, which the retrieval bench measures: made in a folder, unless a former run has left
/// them there.
/// </summary>
internal sealed class RetrievalWorkbench(string folder, RetrievalOptions options, WorkerTeam team)
{
    private string DataFolder => Path.Combine(folder, "data");

    private string ModelFolder => Path.Combine(folder, $"models-{options.Attention.ToString().ToLowerInvariant()}");

    private string TimesFile => Path.Combine(ModelFolder, "times.json");

    public string DeepFolder => Path.Combine(ModelFolder, ModelFolders.Deep);

    public string TwoTowerFolder => Path.Combine(ModelFolder, ModelFolders.TwoTower);

    public string IndexFolder => Path.Combine(folder, $"index-{options.Attention.ToString().ToLowerInvariant()}");

    /// <summary>Makes what is missing.</summary>
    /// <exception cref="InvalidDataException">The folder holds a world of another size.</exception>
    public (Dataset Dataset, WorkbenchTimes Times) Prepare(IStages stages, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        Dataset dataset = World(stages);
        if (File.Exists(TimesFile))
        {
            WorkbenchTimes? kept = JsonSerializer.Deserialize<WorkbenchTimes>(File.ReadAllBytes(TimesFile));
            return (dataset, kept ?? throw new InvalidDataException($"{TimesFile}: is null."));
        }
        double train = Train(dataset, stages, cancellation);
        IndexReport built = IndexWorkflow.Build(
            dataset, DeepFolder, IndexFolder, new IndexBuildOptions { Threads = options.Threads }, stages, cancellation);
        var times = new WorkbenchTimes(train, built.BuildSeconds);
        AtomicFile.Write(TimesFile, JsonSerializer.SerializeToUtf8Bytes(times));
        return (dataset, times);
    }

    private Dataset World(IStages stages)
    {
        if (Directory.Exists(DataFolder))
        {
            Dataset kept = stages.Run("Read the world", () => DatasetDirectory.Read(DataFolder));
            return kept.Items.Count == options.Items && kept.Users.Count == options.Users
                ? kept
                : throw new InvalidDataException(
                    $"{DataFolder}: holds {kept.Items.Count} ads and {kept.Users.Count} users; --items {options.Items} "
                    + $"--users {options.Users} is wanted. Name another --work folder.");
        }
        return stages.Run("Make the world", stage =>
        {
            var world = new SyntheticWorld(
                new SyntheticWorldOptions { Ads = options.Items, Users = options.Users, Seed = options.Seed }, options.Threads);
            Dataset made = world.ToDataset(stage);
            DatasetDirectory.Write(made, DataFolder);
            return made;
        });
    }

    private double Train(Dataset dataset, IStages stages, CancellationToken cancellation)
    {
        var training = new TrainingOptions
        {
            TimeLimit = TimeSpan.FromMinutes(options.TrainMinutes),
            Epochs = 1,
            ValidationsPerEpoch = 4,
            ValidationUsers = 1_000,
            ValidationK = options.K,
            Seed = options.Seed,
        };
        var workflow = new TrainWorkflow(dataset, ModelFolder, training, team)
        {
            Attention = options.Attention,
            WithoutSideInformation = false,
        };
        return workflow.Run(stages, cancellation).Single(m => m.Name == ModelFolders.Deep).Seconds;
    }
}

/// <summary>How long the parts of a workbench took to make.</summary>
internal sealed record WorkbenchTimes(double TrainSeconds, double BuildSeconds);
