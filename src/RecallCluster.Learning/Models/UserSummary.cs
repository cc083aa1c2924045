using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Models;

/// <summary>What both models know of their users before any ad is looked at.</summary>
internal static class UserSummary
{
    /// <summary>Number of vectors of width d that <see cref="Of"/> joins.</summary>
    public static int Parts(ModelConfig config) => config.LastBehaviour ? 3 : 2;

    /// <summary>
    /// [user vector | pooled sequence | last behaviour, where configured]: [B, parts * d]. The pool is the sum of the sequence's target
    /// vectors over the root of their number, which grows with agreement and is zero for an empty sequence.
    /// </summary>
    public static Tensor Of(Tape tape, ModelConfig config, Tensor profile, Tensor targets, BehaviourBatch users)
    {
        Tensor sequences = tape.Lookup(targets, users.Sequences, new Shape(users.Users, users.Places));
        Tensor weights = tape.Allocate(new Shape(users.Users, 1));
        for (int user = 0; user < users.Users; user++)
            weights.Values[user] = 1 / MathF.Sqrt(Math.Max(1, users.Lengths[user]));
        Tensor sum = tape.Reshape(tape.SumTo(sequences, sequences.Shape.With(1, 1)), new Shape(users.Users, config.Width));
        Tensor pooled = tape.Multiply(sum, weights);
        if (!config.LastBehaviour)
            return tape.Concat(profile, pooled);
        var newest = new int[users.Users];
        for (int user = 0; user < newest.Length; user++)
            newest[user] = users.Lengths[user] == 0 ? -1 : users.Sequences[(user * users.Places) + users.Lengths[user] - 1];
        return tape.Concat(profile, pooled, tape.Lookup(targets, newest));
    }
}
