using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// The pairwise part of the deep model and its loss as one operation on the tape. The activations of all B x n pairs would be hundreds of
/// megabytes a step; here each user's pass forward, its loss and its pass backward run while its activations are in the cache, so the
/// gradients of all inputs are known when the loss is. First-order gradients only.
/// </summary>
/// <remarks>Users are shared out evenly over the tape's team: for a given team size the result is the same bit by bit.</remarks>
internal sealed class PairwiseLoss
{
    private readonly List<PairwiseWorker> _workers = [];

    /// <summary>Mean loss over users, a scalar.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="inputs">What the scores are computed from.</param>
    /// <param name="targets">What they are to be.</param>
    /// <param name="kind">The loss.</param>
    public Tensor Compute(Tape tape, PairwiseInputs inputs, CandidateTargets targets, LossKind kind)
    {
        int parts = tape.Team == null ? 1 : Math.Min(tape.Team.Size, inputs.Users);
        var gradients = new PairwiseGradients(tape, inputs);
        var losses = new double[parts];
        while (_workers.Count < parts)
            _workers.Add(new PairwiseWorker());
        for (int part = 0; part < parts; part++)
            _workers[part].Prepare(inputs, part == 0 ? gradients : gradients.WithOwnSharedPart(tape), targets, kind);
        void Work(int part)
        {
            (int start, int end) = WorkerTeam.Slice(inputs.Users, part, parts);
            losses[part] = _workers[part].Run(start, end);
        }
        if (parts == 1)
            Work(0);
        else
            tape.Team!.Run(parts, Work);
        for (int part = 1; part < parts; part++)
            gradients.AddShared(_workers[part].Gradients);
        Tensor loss = tape.Full(Shape.Scalar, (float)(losses.Sum() / inputs.Users));
        Tensor[] all = inputs.All();
        Tensor[] ready = gradients.All;
        return !tape.Recording ? loss : tape.Record(loss, all, (sink, _, gradient) =>
        {
            tape.RequireFirstOrder("The pairwise loss");
            // A pass may come twice (for an adversarial step, then for the parameters), so what is ready is copied.
            for (int i = 0; i < all.Length; i++)
                if (sink.Needs(all[i]))
                    sink.Add(all[i], tape.Scale(ready[i], gradient.Item()));
        });
    }
}
