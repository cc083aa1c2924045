namespace RecallCluster.Serving.Hosting;

/// <summary>Finds ads in a table of their vectors. Thread-safe.</summary>
internal interface IAdRows
{
    /// <summary>The row of an ad.</summary>
    /// <returns>Whether the table has it.</returns>
    bool TryRowOf(string id, out int row);
}
