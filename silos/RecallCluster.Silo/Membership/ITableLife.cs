namespace RecallCluster.Silo.Membership;

/// <summary>Tells one life of a membership table from the next: a store that restarts empty begins a new one.</summary>
internal interface ITableLife
{
    /// <summary>
    /// The table's life; begins one where there is none. A table of a new life takes up the version <paramref name="least"/> where its own
    /// is lower: silos pass over tables that are older than what they know.
    /// </summary>
    /// <param name="known">The life that the asker knows; null for none.</param>
    /// <param name="least">The highest version that the asker has seen.</param>
    /// <exception cref="IOException">The store does not answer.</exception>
    Task<string> CurrentAsync(string? known, int least);
}
