using RecallCluster.Learning.Models;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// Layout of the user state of <see cref="PlainScorer"/>: [base: h1 | r: d | length: 1 | keys: limit rows of d | values: limit rows of d],
/// and the match tables behind them. Keys have passed phi where attention is linear.
/// </summary>
internal readonly struct PlainUserState(ModelConfig config)
{
    public int InteractionOffset => config.Hidden1;

    public int CountOffset => InteractionOffset + config.Width;

    public int KeysOffset => CountOffset + 1;

    public int ValuesOffset => KeysOffset + (config.SequenceLimit * config.Width);

    public int MatchOffset => ValuesOffset + (config.SequenceLimit * config.Width);

    public MatchLayout Match { get; } = MatchLayout.Of(config);

    /// <summary>Floats of a state.</summary>
    public static int LengthFor(ModelConfig config)
    {
        var layout = new PlainUserState(config);
        return layout.MatchOffset + layout.Match.StateFloats;
    }
}
