using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;

namespace RecallCluster.Learning.Scoring;

/// <summary>Computes the state that <see cref="FoldedScorer"/> reads; its layout is that of <see cref="FoldedWeights"/>.</summary>
internal sealed class FoldedUserEncoder : UserEncoder
{
    private readonly DeepAdModel _model;

    public FoldedUserEncoder(DeepAdModel model, TargetVectors ads)
        : base(model.Config, ads, StateLength(model.Config)) => _model = model;

    private static int StateLength(ModelConfig config)
    {
        ModelFolder.RequireFoldable(config);
        return config.Hidden1 + (2 * config.Width) + (config.Width * config.Hidden1) + MatchLayout.Of(config).StateFloats;
    }

    private protected override void Compute(Tape tape, Tensor targets, int[] codes, BehaviourBatch user, Span<float> state)
    {
        DeepUserSide side = _model.Users(tape, targets, user);
        (Tensor attention, Tensor normalizer) = _model.FoldUsers(tape, side);
        Span<float> rest = Append(side.Base, state);
        rest = Append(normalizer, rest);
        if (side.Interaction == null)
        {
            rest[.._model.Config.Width].Clear();
            rest = rest[_model.Config.Width..];
        }
        else
            rest = Append(side.Interaction, rest);
        rest = Append(attention, rest);
        if (side.Match != null)
            MatchLayout.Of(_model.Config).WriteTables(codes, side.Match.Values, rest);
    }

    private static Span<float> Append(Tensor part, Span<float> state)
    {
        part.Values.CopyTo(state);
        return state[part.Length..];
    }
}
