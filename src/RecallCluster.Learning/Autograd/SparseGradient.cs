using System.Numerics.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>
/// A gradient that is zero outside the rows that were touched: what a lookup in a large embedding table gives. A row looked up several
/// times is held once, summed, in the order in which rows were first touched.
/// </summary>
/// <param name="rows">Rows of the table.</param>
/// <param name="width">Values in a row.</param>
public sealed class SparseGradient(int rows, int width) : Gradient
{
    // Slot of each row, plus one: a zeroed array says "nowhere", and its untouched pages cost no memory.
    private int[]? _slots;
    private int[] _touched = [];
    private float[] _values = [];
    private int _count;

    /// <summary>The rows that were touched, each once.</summary>
    public ReadOnlySpan<int> Rows => _touched.AsSpan(0, _count);

    /// <inheritdoc/>
    public override bool IsEmpty => _count == 0;

    /// <summary>The gradients of <see cref="Rows"/>, in their order, one row of the table's width each.</summary>
    public override Span<float> Values => _values.AsSpan(0, _count * width);

    /// <inheritdoc/>
    public override void Clear()
    {
        foreach (int row in Rows)
            _slots![row] = 0;
        _count = 0;
    }

    internal override void Add(ReadOnlySpan<float> whole, float factor)
    {
        for (int row = 0; row < rows; row++)
            AddRow(row, whole.Slice(row * width, width), factor);
    }

    internal override void AddRows(ReadOnlySpan<int> rows, ReadOnlySpan<float> values, float factor)
    {
        for (int i = 0; i < rows.Length; i++)
            if (rows[i] >= 0)
                AddRow(rows[i], values.Slice(i * width, width), factor);
    }

    internal override void Add(Gradient other, float factor)
    {
        var sparse = (SparseGradient)other;
        AddRows(sparse.Rows, sparse.Values, factor);
    }

    private void AddRow(int row, ReadOnlySpan<float> gradient, float factor)
    {
        _slots ??= new int[rows];
        int slot = _slots[row] - 1;
        if (slot < 0)
        {
            slot = Append(row);
            TensorPrimitives.Multiply(gradient, factor, _values.AsSpan(slot * width, width));
            return;
        }
        Span<float> sum = _values.AsSpan(slot * width, width);
        TensorPrimitives.MultiplyAdd(gradient, factor, sum, sum);
    }

    private int Append(int row)
    {
        int slot = _count++;
        if (slot == _touched.Length)
        {
            int capacity = Math.Min(rows, Math.Max(256, slot * 2));
            Array.Resize(ref _touched, capacity);
            Array.Resize(ref _values, capacity * width);
        }
        _touched[slot] = row;
        _slots![row] = slot + 1;
        return slot;
    }
}
