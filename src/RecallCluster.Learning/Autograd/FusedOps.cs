using System.Numerics.Tensors;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Autograd;

/// <summary>
/// Operations that belong together done in one pass over memory, where the separate ones would cost as much as a product.
/// </summary>
public static unsafe class FusedOps
{
    /// <summary>prelu(x W^T + b): a hidden layer. Can be differentiated twice.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs].</param>
    /// <param name="slope">[outputs].</param>
    /// <returns>[..., outputs].</returns>
    /// <exception cref="ArgumentException">The extents do not fit.</exception>
    public static Tensor LinearPRelu(this Tape tape, Tensor x, Tensor weight, Tensor bias, Tensor slope)
    {
        if (weight.Shape.Rank != 2 || x.Shape.Width != weight.Shape[1] || bias.Length != weight.Shape[0] || slope.Length != bias.Length)
            throw new ArgumentException(
                $"A layer of weight {weight.Shape}, bias {bias.Shape} and slope {slope.Shape} cannot take {x.Shape}.", nameof(x));
        int outputs = weight.Shape[0], inputs = weight.Shape[1], rows = x.Length / Math.Max(1, inputs);
        Shape shape = x.Shape.WithWidth(outputs);
        Tensor sum = tape.Allocate(shape), y = tape.Allocate(shape);
        Gemm.Multiply(x.Values, false, weight.Values, true, sum.Values, rows, outputs, inputs, false, tape.Team);
        tape.ForRange(rows, outputs, (start, end) =>
        {
            fixed (float* sums = sum.Values, biases = bias.Values, slopes = slope.Values, results = y.Values)
                PReluSums.Forward(end - start, outputs, sums + (start * outputs), null, biases, null, slopes,
                    sums + (start * outputs), results + (start * outputs));
        });
        if (!tape.Records(x, weight, bias) && !tape.Records(slope))
            return y;
        return tape.Record(y, [x, weight, bias, slope], (sink, output, gradient) =>
        {
            if (tape.Recording)
                PassDifferentiable(tape, sink, x, weight, bias, slope, gradient);
            else
                PassFast(tape, sink, x, weight, bias, slope, sum, output, gradient);
        });
    }

    /// <summary>
    /// prelu(factor * x + entry + place): the first hidden layer over all pairs of users and candidates, each part of the sum being
    /// computed where it is cheapest. First-order gradients only.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[batch, n, width].</param>
    /// <param name="slope">[width].</param>
    /// <param name="factor">[batch, n, 1], or null for 1.</param>
    /// <param name="entry">[batch, 1, width], added to all rows of a batch entry, or null.</param>
    /// <param name="place">[n, width], added to the same row of every entry, or null.</param>
    /// <returns>[batch, n, width].</returns>
    /// <exception cref="ArgumentException">The extents do not fit.</exception>
    public static Tensor PReluOfSum(
        this Tape tape, Tensor x, Tensor slope, Tensor? factor = null, Tensor? entry = null, Tensor? place = null)
    {
        if (x.Shape.Rank != 3)
            throw new ArgumentException($"[batch, n, width] is wanted, not {x.Shape}.", nameof(x));
        int batch = x.Shape[0], n = x.Shape[1], width = x.Shape[2];
        Check(slope, width, nameof(slope));
        Check(factor, batch * n, nameof(factor));
        Check(entry, batch * width, nameof(entry));
        Check(place, n * width, nameof(place));
        var parts = new SumParts(x, slope, factor, entry, place, tape.Full(new Shape(width), 0), tape.Allocate(x.Shape));
        Tensor y = tape.Allocate(x.Shape);
        tape.ForRange(batch, n * width, (start, end) =>
        {
            fixed (float* values = x.Values, slopes = slope.Values, sums = parts.Sum.Values, results = y.Values)
            fixed (float* factors = parts.FactorValues, entries = parts.EntryValues, places = parts.PlaceValues)
                for (int b = start; b < end; b++)
                {
                    int at = b * n * width;
                    PReluSums.Forward(n, width, values + at, factors == null ? null : factors + (b * n), entries + (b * parts.EntryStride),
                        places, slopes, sums + at, results + at);
                }
        });
        bool records = tape.Records(x, slope) || (factor != null && tape.Records(factor)) || (entry != null && tape.Records(entry))
            || (place != null && tape.Records(place));
        if (!records)
            return y;
        Tensor[] inputs = [.. new[] { x, slope, factor, entry, place }.OfType<Tensor>()];
        return tape.Record(y, inputs, (sink, output, gradient) =>
        {
            tape.RequireFirstOrder("A fused hidden layer");
            PassSumParts(tape, sink, parts, output, gradient);
        });
    }

    private static void PassSumParts(Tape tape, GradientSink sink, SumParts parts, Tensor output, Tensor gradient)
    {
        int batch = parts.X.Shape[0], n = parts.X.Shape[1], width = parts.X.Shape[2];
        Tensor xGradient = sink.Reuse(output, gradient);
        Tensor factorGradient = tape.Allocate(new Shape(batch, n, 1));
        Tensor entryGradient = tape.Full(new Shape(batch, 1, width), 0);
        int workers = tape.PartsFor(batch, n * width);
        // Rows of different entries meet in these two: one copy a worker, added up below.
        Tensor? placeGradients = parts.Place != null && sink.Needs(parts.Place) ? tape.Full(new Shape(workers, n, width), 0) : null;
        Tensor slopeGradients = tape.Full(new Shape(workers, width), 0);
        tape.ForParts(workers, part =>
        {
            (int start, int end) = WorkerTeam.Slice(batch, part, workers);
            fixed (float* gradients = gradient.Values, sums = parts.Sum.Values, values = parts.X.Values, slopes = parts.Slope.Values)
            fixed (float* factors = parts.FactorValues, xGradients = xGradient.Values, factorGradients = factorGradient.Values)
            fixed (float* entryGradients = entryGradient.Values, allSlopes = slopeGradients.Values)
            fixed (float* allPlaces = placeGradients == null ? default : placeGradients.Values)
            {
                for (int b = start; b < end; b++)
                {
                    int at = b * n * width;
                    PReluSums.Backward(new PReluSumsGradient
                    {
                        Rows = n,
                        Width = width,
                        Gradient = gradients + at,
                        Sum = sums + at,
                        Slope = slopes,
                        Factor = factors == null ? null : factors + (b * n),
                        X = values + at,
                        XGradient = xGradients + at,
                        FactorGradient = factors == null ? null : factorGradients + (b * n),
                        First = entryGradients + (b * width),
                        Second = allPlaces == null ? null : allPlaces + (part * n * width),
                        SlopeGradient = allSlopes + (part * width),
                    });
                }
            }
        });
        AddIfNeeded(tape, sink, parts.X, xGradient);
        AddIfNeeded(tape, sink, parts.Slope, SumOfCopies(tape, slopeGradients, parts.Slope.Shape));
        AddIfNeeded(tape, sink, parts.Factor, factorGradient);
        AddIfNeeded(tape, sink, parts.Entry, entryGradient);
        if (placeGradients != null)
            sink.Add(parts.Place!, SumOfCopies(tape, placeGradients, parts.Place!.Shape));
    }

    private static void PassFast(
        Tape tape, GradientSink sink, Tensor x, Tensor weight, Tensor bias, Tensor slope, Tensor sum, Tensor output, Tensor gradient)
    {
        int outputs = weight.Shape[0], inputs = weight.Shape[1], rows = sum.Length / Math.Max(1, outputs);
        Tensor sumGradient = sink.Reuse(output, gradient);
        int workers = tape.PartsFor(rows, outputs);
        Tensor biasGradients = tape.Full(new Shape(workers, outputs), 0), slopeGradients = tape.Full(new Shape(workers, outputs), 0);
        tape.ForParts(workers, part =>
        {
            (int start, int end) = WorkerTeam.Slice(rows, part, workers);
            fixed (float* gradients = gradient.Values, sums = sum.Values, slopes = slope.Values, sumGradients = sumGradient.Values)
            fixed (float* allBiases = biasGradients.Values, allSlopes = slopeGradients.Values)
            {
                int at = start * outputs;
                PReluSums.Backward(new PReluSumsGradient
                {
                    Rows = end - start,
                    Width = outputs,
                    Gradient = gradients + at,
                    Sum = sums + at,
                    Slope = slopes,
                    X = sums + at,
                    XGradient = sumGradients + at,
                    First = allBiases + (part * outputs),
                    SlopeGradient = allSlopes + (part * outputs),
                });
            }
        });
        AddIfNeeded(tape, sink, bias, SumOfCopies(tape, biasGradients, bias.Shape));
        AddIfNeeded(tape, sink, slope, SumOfCopies(tape, slopeGradients, slope.Shape));
        if (sink.Needs(weight))
        {
            Tensor weightGradient = tape.Allocate(weight.Shape);
            Gemm.Multiply(sumGradient.Values, true, x.Values, false, weightGradient.Values, outputs, inputs, rows, false, tape.Team);
            sink.Add(weight, weightGradient);
        }
        if (sink.Needs(x))
        {
            Tensor xGradient = tape.Allocate(x.Shape);
            Gemm.Multiply(sumGradient.Values, false, weight.Values, false, xGradient.Values, rows, inputs, outputs, false, tape.Team);
            sink.Add(x, xGradient);
        }
        tape.Release(sumGradient);
    }

    // The same from elementary operations, which record themselves: the sum is computed again as a node of the tape.
    private static void PassDifferentiable(
        Tape tape, GradientSink sink, Tensor x, Tensor weight, Tensor bias, Tensor slope, Tensor gradient)
    {
        Tensor sum = tape.Linear(x, weight, bias);
        Tensor sumGradient = tape.Multiply(gradient, ActivationOps.PReluDerivative(tape, sum, slope));
        Tensor rows = tape.Reshape(sumGradient, new Shape(sum.Shape.Rows, sum.Shape.Width));
        if (sink.Needs(bias))
            sink.Add(bias, tape.SumTo(rows, bias.Shape));
        if (sink.Needs(slope))
            sink.Add(slope, tape.SumTo(tape.Multiply(gradient, tape.AtMost(sum, 0)), slope.Shape));
        if (sink.Needs(weight))
            sink.Add(weight, tape.MatMul(rows, tape.Reshape(x, new Shape(x.Shape.Rows, x.Shape.Width)), transposeA: true));
        if (sink.Needs(x))
            sink.Add(x, tape.Reshape(tape.MatMul(rows, weight), x.Shape));
    }

    private static void AddIfNeeded(Tape tape, GradientSink sink, Tensor? input, Tensor gradient)
    {
        if (input != null && sink.Needs(input))
            sink.Add(input, Shaped(tape, gradient, input.Shape));
        else
            tape.Release(gradient);
    }

    // [copies, ...] to their sum, in place of the first where there is only one. Gives up the copies.
    private static Tensor SumOfCopies(Tape tape, Tensor copies, Shape shape)
    {
        Tensor sum = tape.Share(copies, shape);
        for (int copy = 1; copy < copies.Shape[0]; copy++)
            TensorPrimitives.Add(sum.Values, copies.Values.Slice(copy * shape.Length, shape.Length), sum.Values);
        tape.Release(copies);
        return sum;
    }

    private static Tensor Shaped(Tape tape, Tensor gradient, Shape shape) =>
        gradient.Shape == shape ? gradient : tape.Reshape(gradient, shape);

    private static void Check(Tensor? part, int length, string name)
    {
        if (part != null && part.Length != length)
            throw new ArgumentException($"A part of shape {part.Shape} does not fit; {length} values are wanted.", name);
    }

    /// <summary>The operands of a fused sum, with zeros and ones in place of those that are absent.</summary>
    private sealed record SumParts(Tensor X, Tensor Slope, Tensor? Factor, Tensor? Entry, Tensor? Place, Tensor Zero, Tensor Sum)
    {
        public ReadOnlySpan<float> FactorValues => Factor == null ? default : Factor.Values;

        public ReadOnlySpan<float> EntryValues => (Entry ?? Zero).Values;

        public ReadOnlySpan<float> PlaceValues => Place == null ? default : Place.Values;

        public int EntryStride => Entry == null ? 0 : X.Shape[2];
    }
}
