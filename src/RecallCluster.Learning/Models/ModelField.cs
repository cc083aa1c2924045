using RecallCluster.Data;

namespace RecallCluster.Learning.Models;

/// <summary>A categorical field that a model has embeddings for.</summary>
/// <param name="Name">Column name in the data set.</param>
/// <param name="Cardinality">Number of codes, 0 for unknown included.</param>
public sealed record ModelField(string Name, int Cardinality)
{
    /// <summary>The fields of a data set's table; labels stay with the data set.</summary>
    public static ModelField[] From(IEnumerable<Field> fields) =>
        [.. fields.Select(field => new ModelField(field.Name, field.Cardinality))];
}
