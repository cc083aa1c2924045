using System.Text.Json.Serialization;
using RecallCluster.Data;

namespace RecallCluster.Learning.Models;

/// <summary>A categorical field that a model has embeddings for.</summary>
/// <param name="Name">Column name in the data set.</param>
/// <param name="Cardinality">Number of codes, 0 for unknown included.</param>
public sealed record ModelField(string Name, int Cardinality)
{
    /// <summary>What each code stands for, the first (unknown) empty; null where codes have no other name than their number.</summary>
    [JsonIgnore]
    public string[]? Labels { get; init; }

    /// <summary>Whether <see cref="Data.Storage.LabelFile"/> has its labels: all that the configuration itself says of them.</summary>
    [JsonInclude, JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    internal bool Labelled { get => field || Labels is not null; init; }

    /// <summary>The fields of a data set's table.</summary>
    public static ModelField[] From(IEnumerable<Field> fields) =>
        [.. fields.Select(field => new ModelField(field.Name, field.Cardinality) { Labels = field.Labels })];

    /// <summary>
    /// Fields with the labels of a data set's where they have none of their own, as of a model that was saved without: those of the same
    /// name and size.
    /// </summary>
    /// <param name="fields">A model's fields.</param>
    /// <param name="known">The data set's; null for none.</param>
    public static ModelField[] LabelledBy(ModelField[] fields, IReadOnlyList<Field>? known) => Array.ConvertAll(
        fields, own => own.Labels is null && known?.FirstOrDefault(f => f.Name == own.Name && f.Cardinality == own.Cardinality) is { } same
            ? own with { Labels = same.Labels } : own);

    /// <summary>The field of a data set that has the same codes.</summary>
    public Field ToField() => new(Name, Cardinality) { Labels = Labels };

    /// <summary>Whether the other has the same name, codes and labels.</summary>
    public bool Equals(ModelField? other) =>
        other is not null && Name == other.Name && Cardinality == other.Cardinality
            && (Labels is null ? other.Labels is null : other.Labels is not null && Labels.AsSpan().SequenceEqual(other.Labels));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Cardinality);
}
