using System.Numerics.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>A gradient with a value for every value of its parameter.</summary>
/// <param name="rows">Rows of the parameter: the product of all extents but the last.</param>
/// <param name="width">Extent of the parameter's last axis.</param>
public sealed class DenseGradient(int rows, int width) : Gradient
{
    private float[]? _values;
    private bool _filled;

    /// <inheritdoc/>
    public override bool IsEmpty => !_filled;

    /// <inheritdoc/>
    public override Span<float> Values => _filled ? _values : [];

    /// <inheritdoc/>
    public override void Clear() => _filled = false;

    internal override void Add(ReadOnlySpan<float> whole, float factor)
    {
        Span<float> values = Fill();
        if (factor == 1)
            TensorPrimitives.Add(values, whole, values);
        else
            TensorPrimitives.MultiplyAdd(whole, factor, values, values);
    }

    internal override void AddRows(ReadOnlySpan<int> rows, ReadOnlySpan<float> values, float factor)
    {
        Span<float> target = Fill();
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i] < 0)
                continue;
            Span<float> row = target.Slice(rows[i] * width, width);
            TensorPrimitives.MultiplyAdd(values.Slice(i * width, width), factor, row, row);
        }
    }

    internal override void Add(Gradient other, float factor)
    {
        if (!other.IsEmpty)
            Add(other.Values, factor);
    }

    private float[] Fill()
    {
        _values ??= new float[rows * width];
        if (!_filled)
            Array.Clear(_values);
        _filled = true;
        return _values;
    }
}
