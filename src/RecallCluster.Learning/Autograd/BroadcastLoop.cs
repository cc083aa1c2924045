using System.Numerics.Tensors;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>
/// The two loops behind every broadcasting operation: combine with a repeated operand, and its adjoint, the sum over repeats.
/// </summary>
internal static class BroadcastLoop
{
    // Rows summed into a partial before the partial joins the total: keeps the rounding error of long column sums small.
    private const int BlockRows = 256;

    /// <summary>result = kernel(full, small), small repeated as <paramref name="plan"/> says.</summary>
    public static void Map<TKernel>(Tape tape, TKernel kernel, Tensor full, Tensor small, Broadcast plan, Tensor result)
        where TKernel : struct, IBinaryKernel
    {
        if (plan.Repeat == 1)
        {
            tape.ForRange(full.Length, 1, (start, end) =>
                VectorLoop.Map(kernel, full.Values[start..end], small.Values[start..end], result.Values[start..end]));
        }
        else if (plan.Inner == 1)
        {
            tape.ForRange(plan.Outer, plan.Repeat, (start, end) =>
            {
                ReadOnlySpan<float> x = full.Values, y = small.Values;
                Span<float> z = result.Values;
                for (int outer = start; outer < end; outer++)
                    VectorLoop.Map(kernel, x.Slice(outer * plan.Repeat, plan.Repeat), y[outer], z.Slice(outer * plan.Repeat, plan.Repeat));
            });
        }
        else
        {
            tape.ForRange(plan.Outer * plan.Repeat, plan.Inner, (start, end) =>
            {
                ReadOnlySpan<float> x = full.Values, y = small.Values;
                Span<float> z = result.Values;
                int width = plan.Inner;
                for (int row = start; row < end; row++)
                {
                    ReadOnlySpan<float> repeated = y.Slice(row / plan.Repeat * width, width);
                    VectorLoop.Map(kernel, x.Slice(row * width, width), repeated, z.Slice(row * width, width));
                }
            });
        }
    }

    /// <summary>Sums [outer, repeat, inner] over the repeats into [outer, inner].</summary>
    public static void Sum(Tape tape, ReadOnlySpan<float> full, Broadcast plan, Span<float> result)
    {
        if (plan.Repeat == 1)
        {
            full.CopyTo(result);
            return;
        }
        for (int outer = 0; outer < plan.Outer; outer++)
        {
            ReadOnlySpan<float> block = full.Slice(outer * plan.Repeat * plan.Inner, plan.Repeat * plan.Inner);
            if (plan.Inner == 1)
                result[outer] = SumRow(block);
            else
                SumColumns(tape, block, plan.Inner, result.Slice(outer * plan.Inner, plan.Inner));
        }
    }

    private static float SumRow(ReadOnlySpan<float> values)
    {
        const int Block = 4096;
        if (values.Length <= Block)
            return TensorPrimitives.Sum(values);
        double total = 0;
        for (int start = 0; start < values.Length; start += Block)
            total += TensorPrimitives.Sum(values.Slice(start, Math.Min(Block, values.Length - start)));
        return (float)total;
    }

    private static void SumColumns(Tape tape, ReadOnlySpan<float> rows, int width, Span<float> result)
    {
        int count = rows.Length / width;
        result.Clear();
        if (count <= BlockRows)
        {
            AddRows(rows, width, result);
            return;
        }
        Tensor partial = tape.Allocate(new Shape(width));
        for (int start = 0; start < count; start += BlockRows)
        {
            partial.Values.Clear();
            AddRows(rows.Slice(start * width, Math.Min(BlockRows, count - start) * width), width, partial.Values);
            TensorPrimitives.Add(result, partial.Values, result);
        }
        tape.Release(partial);
    }

    private static void AddRows(ReadOnlySpan<float> rows, int width, Span<float> sum)
    {
        for (int start = 0; start < rows.Length; start += width)
            TensorPrimitives.Add(sum, rows.Slice(start, width), sum);
    }
}
