using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Models;

/// <summary>The losses of <see cref="LossKind"/> over logits that stand on the tape, [B, n]; first-order gradients only.</summary>
internal static class LogitLoss
{
    /// <summary>Mean loss over rows, a scalar.</summary>
    public static Tensor Compute(Tape tape, Tensor logits, CandidateTargets targets, LossKind kind)
    {
        int rows = logits.Shape[0], width = logits.Shape[1];
        Tensor work = tape.Constant(logits.Values, logits.Shape);
        Tensor gradients = tape.Allocate(logits.Shape);
        var losses = new double[rows];
        tape.ForRange(rows, width * 8, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                Span<float> scores = work.Values.Slice(row * width, width), gradient = gradients.Values.Slice(row * width, width);
                losses[row] = kind == LossKind.SampledSoftmax
                    ? CandidateLoss.Softmax(scores, targets, row, gradient)
                    : CandidateLoss.Binary(scores, targets, row, gradient);
            }
        });
        Tensor loss = tape.Full(Shape.Scalar, (float)(losses.Sum() / rows));
        return !tape.Records(logits) ? loss : tape.Record(loss, [logits], (sink, _, gradient) =>
        {
            tape.RequireFirstOrder("The candidate loss");
            sink.Add(logits, tape.Scale(gradients, gradient.Item() / rows));
        });
    }
}
