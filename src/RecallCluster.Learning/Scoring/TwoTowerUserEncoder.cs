using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;

namespace RecallCluster.Learning.Scoring;

/// <summary>Computes the user vector that <see cref="Retrieval.InnerProductScorer"/> reads.</summary>
internal sealed class TwoTowerUserEncoder(TwoTowerModel model, TargetVectors ads)
    : UserEncoder(model.Config, ads, model.Config.Width)
{
    private protected override void Compute(Tape tape, Tensor targets, int[] codes, BehaviourBatch user, Span<float> state) =>
        model.Users(tape, targets, user).Values.CopyTo(state);
}
