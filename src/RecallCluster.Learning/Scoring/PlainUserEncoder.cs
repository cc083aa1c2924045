using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;

namespace RecallCluster.Learning.Scoring;

/// <summary>Computes the state that <see cref="PlainScorer"/> reads; its layout is that of <see cref="PlainUserState"/>.</summary>
internal sealed class PlainUserEncoder(DeepAdModel model, TargetVectors ads)
    : UserEncoder(model.Config, ads, PlainUserState.LengthFor(model.Config))
{
    private protected override void Compute(Tape tape, Tensor targets, int[] codes, BehaviourBatch user, Span<float> state)
    {
        DeepUserSide side = model.Users(tape, targets, user);
        var layout = new PlainUserState(model.Config);
        state.Clear();
        side.Base.Values.CopyTo(state);
        side.Interaction?.Values.CopyTo(state[layout.InteractionOffset..]);
        int length = user.Lengths[0], floats = length * model.Config.Width;
        state[layout.CountOffset] = length;
        side.Keys.Values[..floats].CopyTo(state[layout.KeysOffset..]);
        side.Values.Values[..floats].CopyTo(state[layout.ValuesOffset..]);
        if (side.Match != null)
            layout.Match.WriteTables(codes, side.Match.Values, state[layout.MatchOffset..]);
    }
}
