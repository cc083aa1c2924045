using RecallCluster.Data.Text;

namespace RecallCluster.Data.Importers;

/// <summary>
/// Collects one categorical field of an import: values become codes from 1 in order of appearance, the empty value is code 0, and the
/// values are kept as labels.
/// </summary>
/// <param name="name">Name of the field.</param>
/// <param name="values">Values already known, or shared with another field; a new set when null.</param>
internal sealed class FieldColumn(string name, Vocabulary? values = null)
{
    private readonly Vocabulary _values = values ?? new Vocabulary();
    private readonly List<int> _codes = [];

    /// <summary>Appends the code of the next row.</summary>
    public void Add(ReadOnlySpan<byte> value) => _codes.Add(value.IsEmpty ? 0 : _values.Add(value, out _) + 1);

    /// <summary>A table of <paramref name="ids"/> with these columns, one value each.</summary>
    public static FeatureTable Table(string[] ids, FieldColumn[] columns) => new(
        ids,
        Array.ConvertAll(columns, column => column.ToField()),
        Array.ConvertAll(columns, column => column._codes.ToArray()));

    private Field ToField() => new(name, _values.Count + 1) { Labels = ["", .. _values.ToArray()] };
}
