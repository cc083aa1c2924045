using System.Text;
using RecallCluster.Data.Text;

namespace RecallCluster.Data.Storage;

/// <summary>
/// <c>labels.tsv</c>: table, field, code and label, one row for each known code of each labelled field, in that order. Present only when a
/// field has labels.
/// </summary>
internal static class LabelFile
{
    public const string FileName = "labels.tsv";
    private static readonly string[] Columns = ["table", "field", "code", "label"];

    public static void Write(string directory, Dataset dataset)
    {
        if (!dataset.Items.Fields.Concat(dataset.Users.Fields).Any(field => field.Labels is not null))
            return;
        using var writer = new TsvWriter(Path.Combine(directory, FileName), Columns);
        Write(writer, DatasetChecks.ItemTable, dataset.Items.Fields);
        Write(writer, DatasetChecks.UserTable, dataset.Users.Fields);
        writer.Complete();
    }

    /// <summary>The fields of both tables, with their labels.</summary>
    public static (Field[] Items, Field[] Users) Read(string directory, Manifest manifest)
    {
        bool any = manifest.Items.Fields.Concat(manifest.Users.Fields).Any(field => field.Labelled);
        using TsvReader? reader = any ? new TsvReader(directory, FileName, Columns) : null;
        Field[] items = Array.ConvertAll(manifest.Items.Fields, field => Read(reader, DatasetChecks.ItemTable, field));
        Field[] users = Array.ConvertAll(manifest.Users.Fields, field => Read(reader, DatasetChecks.UserTable, field));
        if (reader is not null && reader.Read())
            throw reader.RowError("a row beyond the last labelled field.");
        return (items, users);
    }

    private static void Write(TsvWriter writer, string table, Field[] fields)
    {
        foreach (Field field in fields)
        {
            for (int code = 1; field.Labels is not null && code < field.Cardinality; code++)
            {
                writer.Text(table);
                writer.Text(field.Name);
                writer.Integer(code);
                writer.Text(field.Labels[code]);
                writer.EndRow();
            }
        }
    }

    private static Field Read(TsvReader? reader, string table, FieldManifest manifest)
    {
        var field = new Field(manifest.Name, manifest.Cardinality);
        if (!manifest.Labelled || reader is null)
            return field;
        if (manifest.Cardinality > reader.Length)
            throw new InvalidDataException($"{FileName}: too short for the {manifest.Cardinality} labels of field '{manifest.Name}'.");
        var labels = new string[manifest.Cardinality];
        labels[0] = "";
        for (int code = 1; code < labels.Length; code++)
        {
            if (!reader.Read())
                throw new InvalidDataException(
                    $"{FileName}: the file ends before the label of code {code} of field '{manifest.Name}' ({table} table).");
            Expect(reader, table);
            Expect(reader, manifest.Name);
            if (reader.NextInteger(1, int.MaxValue) != code)
                throw reader.Error($"want code {code}; the labels of a field stand in the order of their codes.");
            labels[code] = Encoding.UTF8.GetString(reader.NextText());
            reader.EndRow();
        }
        return field with { Labels = labels };
    }

    private static void Expect(TsvReader reader, string wanted)
    {
        ReadOnlySpan<byte> found = reader.NextText();
        if (!found.SequenceEqual(Encoding.UTF8.GetBytes(wanted)))
            throw reader.Error($"{Utf8LineReader.Quote(found)}, want '{wanted}'.");
    }
}
