using System.Numerics.Tensors;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>Rows by number: the embedding lookup and its adjoint. Both can be differentiated again.</summary>
public static class LookupOps
{
    /// <summary>
    /// Rows of a table. A negative number stands for "none": a row of zeros without gradient. The gradient of a sparse parameter touches
    /// only the rows looked up.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="table">[rows, width].</param>
    /// <param name="rows">Row numbers, as many as <paramref name="shape"/> has entries.</param>
    /// <param name="shape">Shape of the row numbers, rank at most 3; the result has the table's width as a further axis.</param>
    /// <exception cref="ArgumentException">The table is not of rank 2, or there are not as many numbers as the shape wants.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A row is not in the table; the message names it.</exception>
    public static Tensor Lookup(this Tape tape, Tensor table, ReadOnlySpan<int> rows, Shape shape)
    {
        if (table.Shape.Rank != 2)
            throw new ArgumentException($"A table has rows and columns; its shape is {table.Shape}.", nameof(table));
        if (rows.Length != shape.Length || shape.Rank >= Shape.MaxRank)
            throw new ArgumentException($"{rows.Length} row numbers do not fill shape {shape}.", nameof(rows));
        int count = table.Shape[0], width = table.Shape[1];
        for (int i = 0; i < rows.Length; i++)
            if (rows[i] >= count)
                throw new ArgumentOutOfRangeException(nameof(rows), $"Row {rows[i]} (at place {i}) is not in a table of {count} rows.");
        Span<int> extents = stackalloc int[Shape.MaxRank];
        for (int axis = 0; axis < shape.Rank; axis++)
            extents[axis] = shape[axis];
        extents[shape.Rank] = width;
        Tensor result = tape.Allocate(new Shape(extents[..(shape.Rank + 1)]));
        ReadOnlySpan<float> source = table.Values;
        Span<float> target = result.Values;
        for (int i = 0; i < rows.Length; i++)
        {
            Span<float> row = target.Slice(i * width, width);
            if (rows[i] < 0)
                row.Clear();
            else
                source.Slice(rows[i] * width, width).CopyTo(row);
        }
        if (!tape.Records(table))
            return result;
        RowIndex kept = tape.Keep(rows);
        return tape.Record(result, [table], (sink, _, gradient) => sink.AddRows(table, kept, gradient));
    }

    /// <summary>Rows of a table, one for each number: [n] to [n, width].</summary>
    /// <inheritdoc cref="Lookup(Tape, Tensor, ReadOnlySpan{int}, Shape)"/>
    public static Tensor Lookup(this Tape tape, Tensor table, ReadOnlySpan<int> rows) => tape.Lookup(table, rows, new Shape(rows.Length));

    /// <summary>Zeros of the table's shape with each row of x added to the row of its number.</summary>
    internal static Tensor ScatterRows(this Tape tape, Tensor x, RowIndex rows, Shape table)
    {
        Tensor sum = tape.Full(table, 0);
        ReadOnlySpan<float> source = x.Values;
        Span<float> target = sum.Values;
        ReadOnlySpan<int> numbers = rows.Values;
        int width = table.Width;
        for (int i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] < 0)
                continue;
            Span<float> row = target.Slice(numbers[i] * width, width);
            TensorPrimitives.Add(row, source.Slice(i * width, width), row);
        }
        return !tape.Records(x) ? sum : tape.Record(sum, [x], (sink, _, gradient) =>
        {
            Tensor picked = tape.Lookup(gradient, rows.Values);
            sink.Add(x, picked.Shape == x.Shape ? picked : tape.Reshape(picked, x.Shape));
        });
    }

    /// <summary>
    /// Zeros of <paramref name="shape"/> with value <c>from[i]</c> of x added to value <c>to[i]</c>, for every i. Can be differentiated
    /// again.
    /// </summary>
    internal static Tensor ScatterValues(this Tape tape, Tensor x, int[] from, int[] to, Shape shape)
    {
        Tensor sum = tape.Full(shape, 0);
        ReadOnlySpan<float> source = x.Values;
        Span<float> target = sum.Values;
        for (int i = 0; i < from.Length; i++)
            target[to[i]] += source[from[i]];
        return !tape.Records(x)
            ? sum
            : tape.Record(sum, [x], (sink, _, gradient) => sink.Add(x, tape.ScatterValues(gradient, to, from, x.Shape)));
    }
}
