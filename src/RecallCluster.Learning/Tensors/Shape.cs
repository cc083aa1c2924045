namespace RecallCluster.Learning.Tensors;

/// <summary>
/// The extents of a dense, row-major tensor of rank 0 (a scalar) to 4. The last axis is contiguous.
/// </summary>
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The largest rank that a tensor can have.</summary>
    public const int MaxRank = 4;

    private readonly int _d0, _d1, _d2, _d3, _length;

    /// <summary>A shape with these extents, outermost first; none at all is a scalar.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than four axes, a negative extent, or more than 2^31 - 1 values.</exception>
    public Shape(params ReadOnlySpan<int> extents)
    {
        if (extents.Length > MaxRank)
            throw new ArgumentOutOfRangeException(nameof(extents), extents.Length, $"A tensor has at most {MaxRank} axes.");
        Rank = extents.Length;
        long length = 1;
        foreach (int extent in extents)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(extent, nameof(extents));
            length *= extent;
            if (length > int.MaxValue)
                throw new ArgumentOutOfRangeException(nameof(extents), length, "A tensor holds at most 2^31 - 1 values.");
        }
        _length = (int)length;
        _d0 = Rank > 0 ? extents[0] : 0;
        _d1 = Rank > 1 ? extents[1] : 0;
        _d2 = Rank > 2 ? extents[2] : 0;
        _d3 = Rank > 3 ? extents[3] : 0;
    }

    /// <summary>The shape of a single value: no axes.</summary>
    public static Shape Scalar => default;

    /// <summary>Number of axes, 0 to 4.</summary>
    public int Rank { get; }

    /// <summary>Number of values: the product of the extents, 1 for a scalar.</summary>
    public int Length => Rank == 0 ? 1 : _length;

    /// <summary>Extent of the last axis; 1 for a scalar.</summary>
    public int Width => Rank == 0 ? 1 : this[Rank - 1];

    /// <summary>Number of rows along the last axis: the product of all other extents.</summary>
    public int Rows
    {
        get
        {
            int rows = 1;
            for (int axis = 0; axis < Rank - 1; axis++)
                rows *= this[axis];
            return rows;
        }
    }

    /// <summary>Extent of an axis, outermost first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int this[int axis]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(axis);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(axis, Rank);
            return axis switch { 0 => _d0, 1 => _d1, 2 => _d2, _ => _d3 };
        }
    }

    /// <summary>The same rows with another width: the last extent replaced.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The shape is a scalar's, or the result is too large.</exception>
    public Shape WithWidth(int width) => With(Rank - 1, width);

    /// <summary>This shape with the extent of one axis replaced.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis, or the result is too large.</exception>
    public Shape With(int axis, int extent)
    {
        Span<int> extents = [_d0, _d1, _d2, _d3];
        ArgumentOutOfRangeException.ThrowIfNegative(axis);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(axis, Rank);
        extents[axis] = extent;
        return new Shape(extents[..Rank]);
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) =>
        Rank == other.Rank && _d0 == other._d0 && _d1 == other._d1 && _d2 == other._d2 && _d3 == other._d3;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, _d0, _d1, _d2, _d3);

    /// <summary>The extents in brackets, as in <c>[256, 512, 64]</c>.</summary>
    public override string ToString()
    {
        int[] extents = [_d0, _d1, _d2, _d3];
        return $"[{string.Join(", ", extents.AsSpan(0, Rank).ToArray())}]";
    }

    /// <summary>Whether both have the same rank and extents.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether rank or extents differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);
}
