using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RecallCluster.Learning.Tensors;

/// <summary>
/// y = prelu(s) with s = factor * x + first + second over a block of rows: <c>factor</c> a value a row, <c>first</c> one row for the whole
/// block, <c>second</c> a row for each row. Forward and backward each make one pass over memory. Backward goes down columns, 64 at a time,
/// so that the sums over rows stay in registers.
/// </summary>
internal static unsafe class PReluSums
{
    private const int Lanes = VectorLoop.Lanes;

    /// <summary>Writes s (to <paramref name="sum"/>, which may be <paramref name="x"/>) and y.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="width">Values in a row.</param>
    /// <param name="x">[rows, width].</param>
    /// <param name="factor">[rows], or null for 1.</param>
    /// <param name="first">[width].</param>
    /// <param name="second">[rows, width], or null for none.</param>
    /// <param name="slope">[width].</param>
    /// <param name="sum">[rows, width].</param>
    /// <param name="y">[rows, width].</param>
    public static void Forward(
        int rows, int width, float* x, float* factor, float* first, float* second, float* slope, float* sum, float* y)
    {
        for (int row = 0; row < rows; row++, x += width, sum += width, y += width)
        {
            float scale = factor == null ? 1 : factor[row];
            Vector512<float> scales = Vector512.Create(scale);
            int i = 0;
            for (; i <= width - Lanes; i += Lanes)
            {
                Vector512<float> total = Vector512.MultiplyAddEstimate(Vector512.Load(x + i), scales, Vector512.Load(first + i));
                if (second != null)
                    total += Vector512.Load(second + i);
                total.Store(sum + i);
                Vector512<float> below = total * Vector512.Load(slope + i);
                Vector512.ConditionalSelect(Vector512.GreaterThan(total, Vector512<float>.Zero), total, below).Store(y + i);
            }
            for (; i < width; i++)
            {
                float total = float.MultiplyAddEstimate(x[i], scale, first[i]) + (second == null ? 0 : second[i]);
                sum[i] = total;
                y[i] = total > 0 ? total : total * slope[i];
            }
            if (second != null)
                second += width;
        }
    }

    /// <summary>Passes the gradient of y back; what is shared by rows or by blocks is added to, the rest is written.</summary>
    /// <param name="block">The operands and where their gradients go.</param>
    public static void Backward(in PReluSumsGradient block)
    {
        if (block.FactorGradient != null)
            new Span<float>(block.FactorGradient, block.Rows).Clear();
        int column = 0;
        for (; column <= block.Width - (4 * Lanes); column += 4 * Lanes)
            FourVectors(block, column);
        for (; column <= block.Width - Lanes; column += Lanes)
            OneVector(block, column);
        for (; column < block.Width; column++)
            OneColumn(block, column);
    }

    private static void FourVectors(in PReluSumsGradient block, int column)
    {
        PReluSumsGradient at = block.From(column);
        Vector512<float> first0 = Vector512.Load(at.First), first1 = Vector512.Load(at.First + Lanes);
        Vector512<float> first2 = Vector512.Load(at.First + (2 * Lanes)), first3 = Vector512.Load(at.First + (3 * Lanes));
        Vector512<float> slopes0 = Vector512.Load(at.SlopeGradient), slopes1 = Vector512.Load(at.SlopeGradient + Lanes);
        Vector512<float> slopes2 = Vector512.Load(at.SlopeGradient + (2 * Lanes)), slopes3 = Vector512.Load(at.SlopeGradient + (3 * Lanes));
        int offset = 0;
        for (int row = 0; row < at.Rows; row++, offset += at.Width)
        {
            Vector512<float> scale = Vector512.Create(at.Factor == null ? 1 : at.Factor[row]);
            Vector512<float> dots = Vector512<float>.Zero;
            Step(at, offset, 0, scale, ref first0, ref slopes0, ref dots);
            Step(at, offset + Lanes, Lanes, scale, ref first1, ref slopes1, ref dots);
            Step(at, offset + (2 * Lanes), 2 * Lanes, scale, ref first2, ref slopes2, ref dots);
            Step(at, offset + (3 * Lanes), 3 * Lanes, scale, ref first3, ref slopes3, ref dots);
            if (at.FactorGradient != null)
                at.FactorGradient[row] += Vector512.Sum(dots);
        }
        first0.Store(at.First);
        first1.Store(at.First + Lanes);
        first2.Store(at.First + (2 * Lanes));
        first3.Store(at.First + (3 * Lanes));
        slopes0.Store(at.SlopeGradient);
        slopes1.Store(at.SlopeGradient + Lanes);
        slopes2.Store(at.SlopeGradient + (2 * Lanes));
        slopes3.Store(at.SlopeGradient + (3 * Lanes));
    }

    private static void OneVector(in PReluSumsGradient block, int column)
    {
        PReluSumsGradient at = block.From(column);
        Vector512<float> first = Vector512.Load(at.First), slopes = Vector512.Load(at.SlopeGradient);
        for (int row = 0; row < at.Rows; row++)
        {
            Vector512<float> scale = Vector512.Create(at.Factor == null ? 1 : at.Factor[row]);
            Vector512<float> dots = Vector512<float>.Zero;
            Step(at, row * at.Width, 0, scale, ref first, ref slopes, ref dots);
            if (at.FactorGradient != null)
                at.FactorGradient[row] += Vector512.Sum(dots);
        }
        first.Store(at.First);
        slopes.Store(at.SlopeGradient);
    }

    private static void OneColumn(in PReluSumsGradient block, int column)
    {
        PReluSumsGradient at = block.From(column);
        for (int row = 0; row < at.Rows; row++)
        {
            int i = row * at.Width;
            // Read before it may be overwritten by the gradient of x.
            float gradient = at.Gradient[i];
            float inner = at.Sum[i] > 0 ? gradient : gradient * at.Slope[0];
            at.XGradient[i] = inner * (at.Factor == null ? 1 : at.Factor[row]);
            at.First[0] += inner;
            at.SlopeGradient[0] += gradient * MathF.Min(at.Sum[i], 0);
            if (at.Second != null)
                at.Second[i] += inner;
            if (at.FactorGradient != null)
                at.FactorGradient[row] += inner * at.X[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        in PReluSumsGradient at, int offset, int column, Vector512<float> scale,
        ref Vector512<float> first, ref Vector512<float> slopes, ref Vector512<float> dots)
    {
        Vector512<float> g = Vector512.Load(at.Gradient + offset), sum = Vector512.Load(at.Sum + offset);
        Vector512<float> above = Vector512.GreaterThan(sum, Vector512<float>.Zero);
        Vector512<float> inner = Vector512.ConditionalSelect(above, g, g * Vector512.Load(at.Slope + column));
        first += inner;
        slopes = Vector512.MultiplyAddEstimate(g, Vector512.ConditionalSelect(above, Vector512<float>.Zero, sum), slopes);
        if (at.FactorGradient != null)
            dots = Vector512.MultiplyAddEstimate(inner, Vector512.Load(at.X + offset), dots);
        if (at.Second != null)
            (Vector512.Load(at.Second + offset) + inner).Store(at.Second + offset);
        (inner * scale).Store(at.XGradient + offset);
    }
}
