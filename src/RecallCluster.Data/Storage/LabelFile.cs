using System.Text;
using RecallCluster.Data.Text;

namespace RecallCluster.Data.Storage;

/// <summary>
/// <c>labels.tsv</c>: table, field, code and label, one row for each known code of each labelled field, in that order. Present only when a
/// field has labels. Beside a data set it says what its codes mean, beside a model which codes that was trained on.
/// </summary>
public static class LabelFile
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "labels.tsv";

    private static readonly string[] Columns = ["table", "field", "code", "label"];

    /// <summary>Writes the labels of the fields that have some; no file where none has.</summary>
    /// <param name="directory">The directory, which has no such file.</param>
    /// <param name="items">Fields of the ads.</param>
    /// <param name="users">Fields of the users.</param>
    /// <exception cref="IOException">The file could not be written, or there is one.</exception>
    public static void Write(string directory, IReadOnlyList<Field> items, IReadOnlyList<Field> users)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(users);
        if (!items.Concat(users).Any(field => field.Labels is not null))
            return;
        using var writer = new TsvWriter(Path.Combine(directory, FileName), Columns);
        Write(writer, DatasetChecks.ItemTable, items);
        Write(writer, DatasetChecks.UserTable, users);
        writer.Complete();
    }

    /// <summary>The fields of both tables, with their labels.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="items">Fields of the ads, each with whether it has labels.</param>
    /// <param name="users">Fields of the users, likewise.</param>
    /// <exception cref="InvalidDataException">The file is missing though a field has labels, or broken; the message says where.</exception>
    public static (Field[] Items, Field[] Users) Read(
        string directory, IEnumerable<(Field Field, bool Labelled)> items, IEnumerable<(Field Field, bool Labelled)> users)
    {
        ArgumentNullException.ThrowIfNull(directory);
        bool any = items.Concat(users).Any(field => field.Labelled);
        using TsvReader? reader = any ? new TsvReader(directory, FileName, Columns) : null;
        Field[] labelledItems = [.. items.Select(field => Read(reader, DatasetChecks.ItemTable, field.Field, field.Labelled))];
        Field[] labelledUsers = [.. users.Select(field => Read(reader, DatasetChecks.UserTable, field.Field, field.Labelled))];
        if (reader is not null && reader.Read())
            throw reader.RowError("a row beyond the last labelled field.");
        return (labelledItems, labelledUsers);
    }

    private static void Write(TsvWriter writer, string table, IReadOnlyList<Field> fields)
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

    private static Field Read(TsvReader? reader, string table, Field field, bool labelled)
    {
        if (!labelled || reader is null)
            return field;
        if (field.Cardinality > reader.Length)
            throw new InvalidDataException($"{FileName}: too short for the {field.Cardinality} labels of field '{field.Name}'.");
        var labels = new string[field.Cardinality];
        labels[0] = "";
        for (int code = 1; code < labels.Length; code++)
        {
            if (!reader.Read())
                throw new InvalidDataException(
                    $"{FileName}: the file ends before the label of code {code} of field '{field.Name}' ({table} table).");
            Expect(reader, table);
            Expect(reader, field.Name);
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
