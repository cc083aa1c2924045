using System.Numerics.Tensors;
using RecallCluster.Learning.Autograd;

namespace RecallCluster.Learning.Models;

/// <summary>
/// Gradients of the inputs of a <see cref="PairwiseLoss"/>. Those of the users' tensors are written by whoever has the user; those of the
/// tensors that all users share are summed, by each worker into tensors of its own.
/// </summary>
internal sealed class PairwiseGradients
{
    private const int FirstShared = 3;
    private const int SharedCount = 8;

    /// <summary>Zeroed gradients for <paramref name="inputs"/>.</summary>
    public PairwiseGradients(Tape tape, PairwiseInputs inputs)
    {
        Tensor[] sources = inputs.All();
        All = new Tensor[sources.Length];
        for (int i = 0; i < All.Length; i++)
            All[i] = tape.Full(sources[i].Shape, 0);
    }

    private PairwiseGradients(Tensor[] all) => All = all;

    /// <summary>In the order of <see cref="PairwiseInputs.All"/>.</summary>
    public Tensor[] All { get; }

    public Tensor Base => All[0];

    public Tensor Normalizer => All[1];

    public Tensor Attention => All[2];

    public Tensor Queries => All[3];

    public Tensor FirstLayer => All[4];

    public Tensor Slope1 => All[5];

    public Tensor W2 => All[6];

    public Tensor B2 => All[7];

    public Tensor Slope2 => All[8];

    public Tensor W3 => All[9];

    public Tensor B3 => All[10];

    public Tensor? Interaction => All.Length > FirstShared + SharedCount ? All[^1] : null;

    /// <summary>The same users' tensors, with zeroed tensors for the shared part.</summary>
    public PairwiseGradients WithOwnSharedPart(Tape tape)
    {
        Tensor[] all = [.. All];
        for (int i = FirstShared; i < FirstShared + SharedCount; i++)
            all[i] = tape.Full(all[i].Shape, 0);
        return new PairwiseGradients(all);
    }

    /// <summary>Adds the shared part of another worker.</summary>
    public void AddShared(PairwiseGradients other)
    {
        for (int i = FirstShared; i < FirstShared + SharedCount; i++)
            TensorPrimitives.Add(All[i].Values, other.All[i].Values, All[i].Values);
    }
}
