using RecallCluster.Data.Text;

namespace RecallCluster.Data.Importers;

/// <summary>
/// Imports sequences of Amazon reviews in the form that papers on sequential recommendation use: a line for each user with the user's id
/// and then the reviewed items, oldest first. There is no side information. Leave-last-out: a user's last item is for test, the one before
/// for validation; users with fewer than three items stay in training. An item may come again in a sequence.
/// </summary>
public static class AmazonImporter
{
    private static readonly string[] NotData = ["SOURCE.txt", "README.txt", "LICENSE.txt"];

    /// <summary>Reads a sequence file.</summary>
    /// <param name="path">
    /// The file, or a directory with exactly one such file (a <c>.txt</c> that is not a SOURCE, README or LICENSE).
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file, or not exactly one in the directory.</exception>
    /// <exception cref="InvalidDataException">
    /// A user comes twice or without an item, or the file is empty; the message names the line.
    /// </exception>
    public static Dataset Import(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Directory.Exists(path) ? OnlyFile(path) : path;
        using var reader = new WordReader(file);
        var users = new Vocabulary();
        var items = new Vocabulary();
        var events = new EventTable();
        while (reader.Read())
        {
            ReadOnlySpan<byte> userId = reader.Next();
            int user = users.Add(userId, out bool added);
            if (!added)
                throw reader.Error($"user {Utf8LineReader.Quote(userId)} stands here a second time.");
            int before = events.Count;
            for (ReadOnlySpan<byte> itemId = reader.Next(); !itemId.IsEmpty; itemId = reader.Next())
                events.Add(user, items.Add(itemId, out _), kind: EventKind.Conversion);
            if (events.Count == before)
                throw reader.Error($"user {Utf8LineReader.Quote(userId)} has no item.");
        }
        if (users.Count == 0)
            throw new InvalidDataException($"{reader.FileName}: the file holds no user.");

        Splitter.LeaveLastOut(events, users.Count, byTime: false);
        (EventLog train, EventLog validation, EventLog test) = events.ToLogs(users.Count, byTime: false);
        string name = "amazon-" + Path.GetFileNameWithoutExtension(file).ToLowerInvariant();
        return new Dataset(
            name, FeatureTable.OfIds(items.ToArray()), FeatureTable.OfIds(users.ToArray()), Ordered: true, train, validation, test)
        {
            Split = new SplitInfo(Splitter.LeaveLastOutRule, null),
        };
    }

    private static string OnlyFile(string directory)
    {
        string[] files = [.. Directory.GetFiles(directory, "*.txt").Where(
            file => !NotData.Contains(Path.GetFileName(file), StringComparer.OrdinalIgnoreCase))];
        return files.Length == 1
            ? files[0]
            : throw new FileNotFoundException(
                $"{directory}: {files.Length} sequence files (.txt) here, want exactly one; name the file itself.", directory);
    }
}
