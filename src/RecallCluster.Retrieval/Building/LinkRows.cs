using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// Links under construction: rows of a fixed number of slots, filled from the front, the rest <see cref="Empty"/>. Beside each link stands
/// its length, and for each row how many of its first links are known to be diverse (see <see cref="NeighborSelector"/>), so that
/// shrinking a full row measures only what is new. Rows are read without a lock while one writer per row changes them: a slot is
/// written whole, so a reader sees nodes that are or were linked, each with its own rows in place.
/// </summary>
internal sealed unsafe class LinkRows : IDisposable
{
    /// <summary>The value of a free slot.</summary>
    public const int Empty = -1;

    private readonly NativeBlock<int> _nodes;
    private readonly NativeBlock<float> _distances;
    private readonly NativeBlock<ushort> _degrees;
    private readonly NativeBlock<ushort> _diverse;

    /// <summary>Empty rows.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="stride">Slots of a row.</param>
    public LinkRows(int rows, int stride)
    {
        Count = rows;
        Stride = stride;
        long slots = (long)rows * stride;
        _nodes = new NativeBlock<int>(slots);
        _distances = new NativeBlock<float>(slots);
        _degrees = new NativeBlock<ushort>(rows);
        _diverse = new NativeBlock<ushort>(rows);
        for (long i = 0; i < rows; i++)
            _nodes.Span(i * stride, stride).Fill(Empty);
    }

    /// <summary>Number of rows.</summary>
    public int Count { get; }

    /// <summary>Slots of a row.</summary>
    public int Stride { get; }

    /// <summary>The nodes linked from <paramref name="row"/>; <see cref="Stride"/> slots.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* Nodes(int row) => _nodes.Pointer + ((long)row * Stride);

    /// <summary>The distances to <see cref="Nodes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Distances(int row) => _distances.Pointer + ((long)row * Stride);

    /// <summary>Number of links of <paramref name="row"/>.</summary>
    public int Degree(int row) => _degrees[row];

    /// <summary>Number of links at the front of <paramref name="row"/> that are sorted and diverse among themselves.</summary>
    public int Diverse(int row) => _diverse[row];

    /// <summary>Appends a link to a row that has room.</summary>
    public void Append(int row, int node, float distance)
    {
        int degree = _degrees[row];
        Distances(row)[degree] = distance;
        _degrees[row] = (ushort)(degree + 1);
        Volatile.Write(ref Nodes(row)[degree], node);
    }

    /// <summary>Replaces the links of a row, the first <paramref name="diverse"/> of which are sorted and diverse.</summary>
    public void Replace(int row, ReadOnlySpan<int> nodes, ReadOnlySpan<float> distances, int diverse)
    {
        int* slots = Nodes(row);
        distances.CopyTo(new Span<float>(Distances(row), Stride));
        for (int i = 0; i < nodes.Length; i++)
            Volatile.Write(ref slots[i], nodes[i]);
        for (int i = nodes.Length; i < _degrees[row]; i++)
            Volatile.Write(ref slots[i], Empty);
        _degrees[row] = (ushort)nodes.Length;
        _diverse[row] = (ushort)diverse;
    }

    /// <summary>Puts another node into a slot; the row's diversity is no longer known from there on.</summary>
    public void Overwrite(int row, int slot, int node, float distance)
    {
        Distances(row)[slot] = distance;
        _diverse[row] = (ushort)Math.Min(_diverse[row], slot);
        Volatile.Write(ref Nodes(row)[slot], node);
    }

    /// <summary>Frees the lengths and the diversity, which only construction needs.</summary>
    public void DropConstructionState()
    {
        _distances.Dispose();
        _diverse.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nodes.Dispose();
        _distances.Dispose();
        _degrees.Dispose();
        _diverse.Dispose();
    }
}
