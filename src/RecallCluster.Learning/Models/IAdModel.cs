using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;

namespace RecallCluster.Learning.Models;

/// <summary>
/// A model of users' interest in ads that <see cref="Training.Trainer"/> can train. Not thread-safe while it is being trained.
/// </summary>
public interface IAdModel : IModule
{
    /// <summary>The architecture.</summary>
    ModelConfig Config { get; }

    /// <summary>Target vectors of <paramref name="items"/>: [n, d]. What an index of the ads holds.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="items">Item rows of <paramref name="catalogue"/>.</param>
    /// <param name="catalogue">All ads.</param>
    Tensor Targets(Tape tape, ReadOnlySpan<int> items, FeatureTable catalogue);

    /// <summary>Mean loss of a batch, a scalar.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="batch">The examples.</param>
    /// <param name="options">The loss.</param>
    Tensor Loss(Tape tape, TrainingBatch batch, LossOptions options);
}
