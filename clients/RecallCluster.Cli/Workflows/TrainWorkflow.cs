using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Workflows;

/// <summary>What became of one model's training.</summary>
internal sealed record TrainedModel(
    string Name,
    string Directory,
    long Parameters,
    double? ValidationRecall,
    int ValidationK,
    TrainingEnd End,
    int Steps,
    int BestStep,
    double Loss,
    double ExamplesPerSecond,
    double Seconds);

/// <summary>Which id embeddings of the ads a deep model starts with.</summary>
internal enum StartingIds
{
    /// <summary>New ones where the ads have side information, else the two-tower's: then they are all that it knows of the ads.</summary>
    Auto,

    /// <summary>
    /// New ones, which learn in one pass over the events what holds for new events too (<see cref="WarmStart.ForgetIds"/>).
    /// </summary>
    Anew,

    /// <summary>Those of the two-tower.</summary>
    Kept,
}

/// <summary>
/// Trains the deep model and what it is compared with, on the same events, fields and negatives, into <see cref="ModelFolders"/>. A deep
/// model starts where the two-tower of the same fields ended (<see cref="WarmStart"/>).
/// </summary>
internal sealed class TrainWorkflow(Dataset dataset, string directory, TrainingOptions options, WorkerTeam team)
{
    /// <summary>Attention of the deep models.</summary>
    public AttentionKind Attention { get; init; } = AttentionKind.Linear;

    /// <summary>The id embeddings that deep models start with.</summary>
    public StartingIds Ids { get; init; }

    /// <summary>Whether the model without side information is trained too; it is not where there is none.</summary>
    public bool WithoutSideInformation { get; init; } = true;

    public TrainedModel[] Run(IStages stages, CancellationToken cancellation)
    {
        ModelConfig config = ModelConfig.For(dataset) with { Attention = Attention };
        (TrainedModel towers, TrainedModel deep) = TrainPair(ModelFolders.TwoTower, ModelFolders.Deep, config, stages, cancellation);
        if (!WithoutSideInformation || dataset.Items.Fields.Length == 0)
            return [deep, towers];
        (_, TrainedModel plain) = TrainPair(
            ModelFolders.NoSideInformationTwoTower, ModelFolders.NoSideInformation, config with { SideInformation = false }, stages,
            cancellation);
        return [deep, towers, plain];
    }

    /// <summary>Trains a two-tower, then a deep model that starts from it.</summary>
    private (TrainedModel Towers, TrainedModel Deep) TrainPair(
        string towersName, string deepName, ModelConfig config, IStages stages, CancellationToken cancellation)
    {
        var random = new SeededRandom(options.Seed);
        var towers = new TwoTowerModel(config with { Kind = ModelKind.TwoTower }, random.Split(0));
        TrainedModel first = Train(towersName, towers, options, stages, cancellation);
        var deep = new DeepAdModel(config, random.Split(1));
        WarmStart.Apply(deep, towers, dataset.Items);
        bool described = config.SideInformation && config.ItemFields.Length > 0;
        if (Ids == StartingIds.Anew || (Ids == StartingIds.Auto && described))
            WarmStart.ForgetIds(deep, random.Split(2));
        // A deep model refines what its two-tower has learned: with as many passes again, it would learn the ids by heart.
        TrainingOptions refining = options with { Epochs = (options.Epochs + 1) / 2 };
        return (first, Train(deepName, deep, refining, stages, cancellation));
    }

    private TrainedModel Train(string name, IAdModel model, TrainingOptions training, IStages stages, CancellationToken cancellation)
    {
        using IStage stage = stages.Begin($"Train {name}");
        TrainingResult result = new Trainer(training).Train(model, dataset, team, new Relay(stage), cancellation);
        string folder = Path.Combine(directory, name);
        ModelDirectory.Save(folder, model);
        return new TrainedModel(
            name,
            folder,
            model.Parameters.Sum(p => (long)p.Value.Length),
            result.BestValidationRecall,
            options.ValidationK,
            result.End,
            result.Steps,
            result.BestStep,
            result.FinalLoss,
            result.ExamplesPerSecond,
            result.Elapsed.TotalSeconds);
    }

    private sealed class Relay(IStage stage) : IProgress<TrainingProgress>
    {
        private double? _recall;

        public void Report(TrainingProgress value)
        {
            _recall = value.ValidationRecall ?? _recall;
            string recall = _recall is { } r ? $", validation recall {r:F4}" : "";
            stage.Update(
                (double)value.Step / value.TotalSteps,
                $"epoch {value.Epoch}, loss {value.Loss:F3}, {value.ExamplesPerSecond:F0} examples/s{recall}");
        }
    }
}
