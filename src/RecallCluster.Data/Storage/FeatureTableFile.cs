using RecallCluster.Data.Text;

namespace RecallCluster.Data.Storage;

/// <summary><c>items.tsv</c> and <c>users.tsv</c>: an id, then the numeric code of each field.</summary>
internal static class FeatureTableFile
{
    /// <summary>Shortest possible row: one character of id and the line break.</summary>
    private const int ShortestRow = 2;

    public static void Write(string directory, string fileName, string idColumn, FeatureTable table)
    {
        using var writer = new TsvWriter(Path.Combine(directory, fileName), Columns(idColumn, Array.ConvertAll(table.Fields, f => f.Name)));
        for (int row = 0; row < table.Count; row++)
        {
            writer.Text(table.Ids[row]);
            foreach (int[] codes in table.Codes)
                writer.Integer(codes[row]);
            writer.EndRow();
        }
        writer.Complete();
    }

    /// <summary>Reads a table; the vocabulary that comes with it finds a row by its id.</summary>
    public static (Vocabulary Ids, int[][] Codes) Read(string directory, string fileName, string idColumn, TableManifest manifest)
    {
        using var reader = new TsvReader(directory, fileName, Columns(idColumn, Array.ConvertAll(manifest.Fields, f => f.Name)));
        // The count is only a claim until the rows have been read: it must not allocate more than the file could fill.
        if (manifest.Count > reader.Length / ShortestRow)
            throw new InvalidDataException(
                $"{fileName}: {Manifest.FileName} says {manifest.Count} rows, more than a file of {reader.Length} bytes holds.");
        var ids = new Vocabulary(manifest.Count);
        var codes = new int[manifest.Fields.Length][];
        for (int f = 0; f < codes.Length; f++)
            codes[f] = new int[manifest.Count];

        while (reader.Read())
        {
            ReadOnlySpan<byte> id = reader.NextText();
            if (id.IsEmpty)
                throw reader.Error("the id is empty.");
            if (ids.Count == manifest.Count)
                throw reader.RowError($"one row more than the {manifest.Count} that {Manifest.FileName} says.");
            int row = ids.Add(id, out bool added);
            if (!added)
                throw reader.Error($"the id {Utf8LineReader.Quote(id)} stands here a second time.");
            for (int f = 0; f < codes.Length; f++)
                codes[f][row] = (int)reader.NextInteger(0, manifest.Fields[f].Cardinality - 1);
            reader.EndRow();
        }
        if (ids.Count != manifest.Count)
            throw new InvalidDataException($"{fileName}: {ids.Count} rows, {Manifest.FileName} says {manifest.Count}.");
        return (ids, codes);
    }

    private static string[] Columns(string idColumn, string[] fields) => [idColumn, .. fields];
}
