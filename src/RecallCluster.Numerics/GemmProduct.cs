using System.Runtime.Intrinsics;

namespace RecallCluster.Numerics;

/// <summary>A row-major matrix as an operand: element (i, j) of op(X) is <c>data[i * rowStride + j * columnStride]</c>.</summary>
internal readonly unsafe struct GemmOperand(float* data, nint rowStride, nint columnStride)
{
    public float* Data => data;

    public nint RowStride => rowStride;

    public nint ColumnStride => columnStride;

    /// <summary>Whether the matrix is read along its columns.</summary>
    public bool Transposed => columnStride != 1;

    public GemmOperand Transpose() => new(data, columnStride, rowStride);

    public GemmOperand Offset(nint floats) => new(data + floats, rowStride, columnStride);

    public float* At(nint row, nint column) => data + (row * rowStride) + (column * columnStride);

    /// <summary>op(X) of <paramref name="rows"/> x <paramref name="columns"/>.</summary>
    public static GemmOperand Of(float* data, bool transposed, int rows, int columns) =>
        transposed ? new GemmOperand(data, 1, rows) : new GemmOperand(data, columns, 1);
}

/// <summary>A product of two matrices, whole or a rectangle of it, on the path in force.</summary>
internal readonly unsafe struct GemmProduct
{
    private readonly GemmOperand _left;
    private readonly GemmOperand _right;
    private readonly float* _result;
    private readonly int _depth;
    private readonly bool _accumulate;
    private readonly bool _exchanged;

    private GemmProduct(
        GemmOperand left, GemmOperand right, float* result, int rows, int columns, int depth, bool accumulate, bool exchanged)
    {
        _left = left;
        _right = right;
        _result = result;
        Rows = rows;
        Columns = columns;
        _depth = depth;
        _accumulate = accumulate;
        _exchanged = exchanged;
    }

    /// <summary>Rows of the result.</summary>
    public int Rows { get; }

    /// <summary>Columns of the result.</summary>
    public int Columns { get; }

    /// <summary>The product; a single column is turned into a single row, which the kernels are made for.</summary>
    public static GemmProduct Of(
        float* a, bool transposeA, float* b, bool transposeB, float* c, int m, int n, int k, bool accumulate)
    {
        GemmOperand left = GemmOperand.Of(a, transposeA, m, k);
        GemmOperand right = GemmOperand.Of(b, transposeB, k, n);
        return n == 1
            ? new GemmProduct(right.Transpose(), left.Transpose(), c, 1, m, k, accumulate, exchanged: true)
            : new GemmProduct(left, right, c, m, n, k, accumulate, exchanged: false);
    }

    /// <summary>The product of other matrices of the same shapes, so many floats further on.</summary>
    public GemmProduct Offset(nint a, nint b, nint result)
    {
        (nint left, nint right) = _exchanged ? (b, a) : (a, b);
        return new GemmProduct(_left.Offset(left), _right.Offset(right), _result + result, Rows, Columns, _depth, _accumulate, _exchanged);
    }

    /// <summary>Computes all of it.</summary>
    public void Run() => Run(0, Rows, 0, Columns);

    /// <summary>Computes rows [firstRow, endRow) of columns [firstColumn, endColumn).</summary>
    public void Run(int firstRow, int endRow, int firstColumn, int endColumn)
    {
        int rows = endRow - firstRow, columns = endColumn - firstColumn;
        if (rows <= 0 || columns <= 0)
            return;
        GemmOperand left = _left.Offset(firstRow * _left.RowStride);
        GemmOperand right = _right.Offset(firstColumn * _right.ColumnStride);
        float* result = _result + ((nint)firstRow * Columns) + firstColumn;
        switch (Simd.Path)
        {
            case SimdPath.Avx512:
                GemmBlock<Vector512<float>, Lanes512>.Run(left, right, result, Columns, rows, columns, _depth, _accumulate);
                break;
            case SimdPath.Avx2:
                GemmBlock<Vector256<float>, Lanes256>.Run(left, right, result, Columns, rows, columns, _depth, _accumulate);
                break;
            default:
                GemmBlock<Vector128<float>, Lanes128>.Run(left, right, result, Columns, rows, columns, _depth, _accumulate);
                break;
        }
    }
}

/// <summary>One product shared among threads by bands of its rows or columns.</summary>
internal readonly struct GemmProductJob : IParallelJob
{
    // A band carries the cost of packing the right operand for itself, so it is a good many tiles high.
    private const int BandRows = 96;
    private const int BandColumns = 64;

    private readonly GemmProduct _product;
    private readonly bool _byRows;
    private readonly int _parts;

    private GemmProductJob(GemmProduct product, bool byRows, int parts)
    {
        _product = product;
        _byRows = byRows;
        _parts = parts;
    }

    /// <summary>Computes <paramref name="product"/> with <paramref name="team"/>.</summary>
    public static void Run(GemmProduct product, WorkerTeam team)
    {
        bool byRows = product.Rows >= product.Columns;
        int bands = byRows ? product.Rows / BandRows : product.Columns / BandColumns;
        int parts = Math.Clamp(bands, team.Size, team.Size * 4);
        team.Run(parts, new GemmProductJob(product, byRows, parts));
    }

    public void Run(int part)
    {
        if (_byRows)
        {
            (int start, int end) = WorkerTeam.Slice(_product.Rows, part, _parts, GemmTile.MostRows);
            _product.Run(start, end, 0, _product.Columns);
        }
        else
        {
            (int start, int end) = WorkerTeam.Slice(_product.Columns, part, _parts, 32);
            _product.Run(0, _product.Rows, start, end);
        }
    }
}

/// <summary>Products of one shape shared among threads by ranges of them.</summary>
internal readonly struct GemmBatchJob(GemmProduct first, int strideA, int strideB, int strideC, int count, int parts) : IParallelJob
{
    public int Parts => parts;

    public void Run(int part)
    {
        (int start, int end) = WorkerTeam.Slice(count, part, parts);
        RunProducts(start, end);
    }

    public void RunProducts(int start, int end)
    {
        for (int i = start; i < end; i++)
            first.Offset((nint)i * strideA, (nint)i * strideB, (nint)i * strideC).Run();
    }
}
