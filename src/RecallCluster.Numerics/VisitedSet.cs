namespace RecallCluster.Numerics;

/// <summary>
/// The set of ordinals that a search has met. Implemented by structs, so that a search that is generic over it is compiled once for each
/// and calls it without indirection. Not thread-safe.
/// </summary>
public unsafe interface IVisitedSet
{
    /// <summary>Makes the set empty and able to hold ordinals 0 to <paramref name="count"/> - 1; allocates only to grow.</summary>
    void Begin(int count);

    /// <summary>Adds one ordinal.</summary>
    /// <returns>Whether it is new.</returns>
    bool Add(int ordinal);

    /// <summary>Whether <paramref name="ordinal"/> was added.</summary>
    bool Contains(int ordinal);

    /// <summary>Adds every ordinal of a row and writes down the new ones, in row order.</summary>
    /// <param name="row">Ordinals, <paramref name="length"/> of them, each in the range given to <see cref="Begin"/>.</param>
    /// <param name="length">Number of ordinals.</param>
    /// <param name="destination">Receives the new ordinals; room for <paramref name="length"/> + 1.</param>
    /// <returns>Number of new ordinals.</returns>
    int AddRow(int* row, int length, int* destination);

}
