using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>Operations that move values without computing: views, concatenation, slices. All can be differentiated twice.</summary>
public static class ShapeOps
{
    /// <summary>The same values under another shape; shares storage.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Tensor Reshape(this Tape tape, Tensor x, Shape shape)
    {
        if (shape.Length != x.Length)
            throw new ArgumentException($"Shape {shape} does not hold the values of shape {x.Shape}.", nameof(shape));
        Tensor view = tape.Share(x, shape);
        return !tape.Records(x) ? view : tape.Record(view, [x], (sink, _, gradient) => sink.Pass(x, gradient));
    }

    /// <summary>Joins tensors with equal leading extents along their last axis.</summary>
    /// <exception cref="ArgumentException">There are none, or the leading extents differ.</exception>
    public static Tensor Concat(this Tape tape, params ReadOnlySpan<Tensor> parts)
    {
        if (parts.IsEmpty)
            throw new ArgumentException("There is nothing to concatenate.", nameof(parts));
        int width = 0;
        foreach (Tensor part in parts)
        {
            if (part.Shape.Rank != parts[0].Shape.Rank || part.Shape.WithWidth(1) != parts[0].Shape.WithWidth(1))
                throw new ArgumentException(
                    $"Shapes {parts[0].Shape} and {part.Shape} cannot be joined along the last axis.", nameof(parts));
            width += part.Shape.Width;
        }
        Tensor whole = tape.Allocate(parts[0].Shape.WithWidth(width));
        bool records = false;
        int start = 0;
        foreach (Tensor part in parts)
        {
            CopyColumns(part, 0, whole, start, part.Shape.Width);
            start += part.Shape.Width;
            records |= tape.Records(part);
        }
        if (!records)
            return whole;
        Tensor[] inputs = parts.ToArray();
        return tape.Record(whole, inputs, (sink, _, gradient) =>
        {
            int column = 0;
            foreach (Tensor input in inputs)
            {
                if (sink.Needs(input))
                    sink.Add(input, tape.SliceColumns(gradient, column, input.Shape.Width));
                column += input.Shape.Width;
            }
        });
    }

    /// <summary>Columns <paramref name="start"/> to start + <paramref name="width"/> of the last axis, copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all there.</exception>
    public static Tensor SliceColumns(this Tape tape, Tensor x, int start, int width)
    {
        CheckRange(start, width, x.Shape.Width);
        Tensor slice = tape.Allocate(x.Shape.WithWidth(width));
        CopyColumns(x, start, slice, 0, width);
        return !tape.Records(x) ? slice : tape.Record(slice, [x], (sink, _, gradient) =>
            sink.Add(x, PadColumns(tape, gradient, start, x.Shape.Width)));
    }

    /// <summary>Entries <paramref name="start"/> to start + <paramref name="count"/> of the first axis, copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all there.</exception>
    public static Tensor SliceFirst(this Tape tape, Tensor x, int start, int count)
    {
        CheckRange(start, count, x.Shape[0]);
        Tensor slice = tape.Allocate(x.Shape.With(0, count));
        int stride = x.Shape[0] == 0 ? 0 : x.Length / x.Shape[0];
        x.Values.Slice(start * stride, count * stride).CopyTo(slice.Values);
        return !tape.Records(x) ? slice : tape.Record(slice, [x], (sink, _, gradient) =>
            sink.Add(x, PadFirst(tape, gradient, start, x.Shape[0])));
    }

    /// <summary>Joins tensors along their first axis.</summary>
    /// <exception cref="ArgumentException">There are none, or other extents differ.</exception>
    public static Tensor ConcatFirst(this Tape tape, params ReadOnlySpan<Tensor> parts)
    {
        if (parts.IsEmpty)
            throw new ArgumentException("There is nothing to concatenate.", nameof(parts));
        int count = 0;
        bool records = false;
        foreach (Tensor part in parts)
        {
            if (part.Shape.With(0, 1) != parts[0].Shape.With(0, 1))
                throw new ArgumentException(
                    $"Shapes {parts[0].Shape} and {part.Shape} cannot be joined along the first axis.", nameof(parts));
            count += part.Shape[0];
            records |= tape.Records(part);
        }
        Tensor whole = tape.Allocate(parts[0].Shape.With(0, count));
        int offset = 0;
        foreach (Tensor part in parts)
        {
            part.Values.CopyTo(whole.Values[offset..]);
            offset += part.Length;
        }
        if (!records)
            return whole;
        Tensor[] inputs = parts.ToArray();
        return tape.Record(whole, inputs, (sink, _, gradient) =>
        {
            int entry = 0;
            foreach (Tensor input in inputs)
            {
                if (sink.Needs(input))
                    sink.Add(input, tape.SliceFirst(gradient, entry, input.Shape[0]));
                entry += input.Shape[0];
            }
        });
    }

    /// <summary>[a, b, c, d] to [a, c, b, d], copied.</summary>
    /// <exception cref="ArgumentException">The rank is not 4.</exception>
    public static Tensor SwapMiddleAxes(this Tape tape, Tensor x)
    {
        if (x.Shape.Rank != 4)
            throw new ArgumentException($"Four axes are wanted, not {x.Shape}.", nameof(x));
        int first = x.Shape[0], second = x.Shape[1], third = x.Shape[2], width = x.Shape[3];
        Tensor y = tape.Allocate(new Shape(first, third, second, width));
        ReadOnlySpan<float> source = x.Values;
        Span<float> target = y.Values;
        for (int i = 0; i < first; i++)
            for (int j = 0; j < second; j++)
                for (int k = 0; k < third; k++)
                {
                    int from = (((i * second) + j) * third) + k, to = (((i * third) + k) * second) + j;
                    source.Slice(from * width, width).CopyTo(target[(to * width)..]);
                }
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) => sink.Add(x, tape.SwapMiddleAxes(gradient)));
    }

    // The adjoint of a slice of columns: zeros around the values.
    private static Tensor PadColumns(Tape tape, Tensor x, int start, int width)
    {
        Tensor padded = tape.Full(x.Shape.WithWidth(width), 0);
        CopyColumns(x, 0, padded, start, x.Shape.Width);
        return !tape.Records(x) ? padded : tape.Record(padded, [x], (sink, _, gradient) =>
            sink.Add(x, tape.SliceColumns(gradient, start, x.Shape.Width)));
    }

    private static Tensor PadFirst(Tape tape, Tensor x, int start, int count)
    {
        Tensor padded = tape.Full(x.Shape.With(0, count), 0);
        int stride = count == 0 ? 0 : padded.Length / count;
        x.Values.CopyTo(padded.Values[(start * stride)..]);
        return !tape.Records(x) ? padded : tape.Record(padded, [x], (sink, _, gradient) =>
            sink.Add(x, tape.SliceFirst(gradient, start, x.Shape[0])));
    }

    private static void CopyColumns(Tensor source, int sourceStart, Tensor target, int targetStart, int width)
    {
        ReadOnlySpan<float> from = source.Values;
        Span<float> to = target.Values;
        int sourceWidth = source.Shape.Width, targetWidth = target.Shape.Width, rows = source.Shape.Rows;
        for (int row = 0; row < rows; row++)
            from.Slice((row * sourceWidth) + sourceStart, width).CopyTo(to[((row * targetWidth) + targetStart)..]);
    }

    private static void CheckRange(int start, int count, int extent)
    {
        if (start < 0 || count < 0 || start > extent - count)
            throw new ArgumentOutOfRangeException(
                nameof(start), $"Entries {start} to {start + count} are not inside an axis of extent {extent}.");
    }
}
