using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Scoring;

/// <summary>Computes the user vector that <see cref="InnerProductScorer"/> reads.</summary>
internal sealed class TwoTowerUserEncoder(TwoTowerModel model, NativeBlock<float> targets, int count)
    : UserEncoder(model.Config, targets, count, model.Config.Width)
{
    private protected override void Compute(Tape tape, Tensor targets, BehaviourBatch user, Span<float> state) =>
        model.Users(tape, targets, user).Values.CopyTo(state);
}
