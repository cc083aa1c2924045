using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Autograd;

/// <summary>Matrix products. Their gradients are matrix products, so they can be differentiated again.</summary>
public static class MatrixOps
{
    /// <summary>
    /// op(a) op(b), op being the transpose of the last two axes where asked for. Operands of rank 2 are shared by all batch entries of an
    /// operand of rank 3: [m, k] x [B, k, n], [B, m, k] x [k, n] and [B, m, k] x [B, k, n] all give [B, m, n].
    /// </summary>
    /// <exception cref="ArgumentException">The inner extents or the batch extents differ, or a rank is not 2 or 3.</exception>
    public static Tensor MatMul(this Tape tape, Tensor a, Tensor b, bool transposeA = false, bool transposeB = false)
    {
        ProductShape shape = ProductShape.Of(a.Shape, transposeA, b.Shape, transposeB);
        Tensor product = tape.Allocate(shape.IsBatched ? new Shape(shape.Batch, shape.M, shape.N) : new Shape(shape.M, shape.N));
        if (shape.IsBatched && !shape.BatchedB && !transposeA)
            Gemm.Multiply(a.Values, false, b.Values, transposeB, product.Values, shape.Batch * shape.M, shape.N, shape.K, false, tape.Team);
        else
            MultiplyEach(tape, shape, a, transposeA, b, transposeB, product);

        return !tape.Records(a, b) ? product : tape.Record(product, [a, b], (sink, _, gradient) =>
        {
            if (sink.Needs(a))
            {
                bool sum = shape.BatchedB && !shape.BatchedA;
                sink.Add(a, transposeA
                    ? Product(tape, b, gradient, transposeB, true, sum)
                    : Product(tape, gradient, b, false, !transposeB, sum));
            }
            if (sink.Needs(b))
            {
                bool sum = shape.BatchedA && !shape.BatchedB;
                sink.Add(b, transposeB
                    ? Product(tape, gradient, a, true, transposeA, sum)
                    : Product(tape, a, gradient, !transposeA, false, sum));
            }
        });
    }

    /// <summary>x W^T, plus b where there is one: a fully connected layer.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <returns>[..., outputs].</returns>
    /// <exception cref="ArgumentException">The extents do not fit.</exception>
    public static Tensor Linear(this Tape tape, Tensor x, Tensor weight, Tensor? bias)
    {
        Tensor rows = x.Shape.Rank == 2 ? x : tape.Reshape(x, new Shape(x.Shape.Rows, x.Shape.Width));
        Tensor y = tape.MatMul(rows, weight, transposeB: true);
        if (bias != null)
            y = tape.Add(y, bias);
        return x.Shape.Rank == 2 ? y : tape.Reshape(y, x.Shape.WithWidth(weight.Shape[0]));
    }

    /// <summary>The last two axes exchanged, copied: [m, n] to [n, m], [B, m, n] to [B, n, m].</summary>
    /// <exception cref="ArgumentException">The rank is not 2 or 3.</exception>
    public static Tensor Transpose(this Tape tape, Tensor x)
    {
        if (x.Shape.Rank is not (2 or 3))
            throw new ArgumentException($"A transpose wants two or three axes, not {x.Shape}.", nameof(x));
        int batch = x.Shape.Rank == 3 ? x.Shape[0] : 1;
        int rows = x.Shape[x.Shape.Rank - 2], columns = x.Shape.Width;
        Tensor y = tape.Allocate(x.Shape.With(x.Shape.Rank - 2, columns).WithWidth(rows));
        ReadOnlySpan<float> source = x.Values;
        Span<float> target = y.Values;
        for (int entry = 0; entry < batch; entry++)
        {
            int start = entry * rows * columns;
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++)
                    target[start + (column * rows) + row] = source[start + (row * columns) + column];
        }
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) => sink.Add(x, tape.Transpose(gradient)));
    }

    // A gradient that is again a product; for a shared operand, summed over the batch.
    private static Tensor Product(Tape tape, Tensor a, Tensor b, bool transposeA, bool transposeB, bool sumOverBatch) =>
        sumOverBatch ? SummedProduct(tape, a, b, transposeA, transposeB) : tape.MatMul(a, b, transposeA, transposeB);

    /// <summary>Sum over batch entries of op(a_i) op(b_i): [m, n] from two tensors of rank 3.</summary>
    private static Tensor SummedProduct(Tape tape, Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        ProductShape shape = ProductShape.Of(a.Shape, transposeA, b.Shape, transposeB);
        Tensor sum = tape.Allocate(new Shape(shape.M, shape.N));
        if (transposeA && !transposeB)
        {
            // [B k, m]^T [B k, n]: the batch is part of the inner extent of one product.
            Gemm.Multiply(a.Values, true, b.Values, false, sum.Values, shape.M, shape.N, shape.Batch * shape.K, false, tape.Team);
        }
        else
        {
            int strideA = shape.M * shape.K, strideB = shape.K * shape.N;
            for (int i = 0; i < shape.Batch; i++)
                Gemm.Multiply(a.Values.Slice(i * strideA, strideA), transposeA, b.Values.Slice(i * strideB, strideB), transposeB,
                    sum.Values, shape.M, shape.N, shape.K, i > 0, tape.Team);
        }
        return !tape.Records(a, b) ? sum : tape.Record(sum, [a, b], (sink, _, gradient) =>
        {
            if (sink.Needs(a))
                sink.Add(a, transposeA ? tape.MatMul(b, gradient, transposeB, true) : tape.MatMul(gradient, b, false, !transposeB));
            if (sink.Needs(b))
                sink.Add(b, transposeB ? tape.MatMul(gradient, a, true, transposeA) : tape.MatMul(a, gradient, !transposeA, false));
        });
    }

    private static void MultiplyEach(Tape tape, ProductShape shape, Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor product)
    {
        int sizeA = shape.M * shape.K, sizeB = shape.K * shape.N;
        Gemm.MultiplyBatch(shape.Batch, a.Values, shape.BatchedA ? sizeA : 0, transposeA, b.Values, shape.BatchedB ? sizeB : 0, transposeB,
            product.Values, shape.M * shape.N, shape.M, shape.N, shape.K, false, tape.Team);
    }

    /// <summary>Extents of a product: C [M, N] = A [M, K] B [K, N], for each of Batch entries.</summary>
    private readonly record struct ProductShape(int Batch, int M, int N, int K, bool BatchedA, bool BatchedB)
    {
        public bool IsBatched => BatchedA || BatchedB;

        public static ProductShape Of(Shape a, bool transposeA, Shape b, bool transposeB)
        {
            if (a.Rank is not (2 or 3) || b.Rank is not (2 or 3))
                throw new ArgumentException($"A matrix product wants two or three axes, not {a} and {b}.");
            int m = a[a.Rank - (transposeA ? 1 : 2)], k = a[a.Rank - (transposeA ? 2 : 1)];
            int inner = b[b.Rank - (transposeB ? 1 : 2)], n = b[b.Rank - (transposeB ? 2 : 1)];
            bool batchedA = a.Rank == 3, batchedB = b.Rank == 3;
            if (k != inner || (batchedA && batchedB && a[0] != b[0]))
                throw new ArgumentException(
                    $"{a}{(transposeA ? " transposed" : "")} and {b}{(transposeB ? " transposed" : "")} cannot be multiplied.");
            return new ProductShape(batchedA ? a[0] : batchedB ? b[0] : 1, m, n, k, batchedA, batchedB);
        }
    }
}
