using RecallCluster.Data.Text;

namespace RecallCluster.Data.Storage;

/// <summary>
/// <c>events.tsv</c>: user id, item id, time (0 where unknown), kind (click, conversion) and part (train, validation, test). Written
/// grouped by user; read in any order of users. Within a user and part, the order of the rows is the order of the events.
/// </summary>
internal static class EventFile
{
    public const string FileName = "events.tsv";

    /// <summary>Shortest possible row: ids and time of one character, "click", "test", four tabs, the line break.</summary>
    private const int ShortestRow = 17;
    private static readonly string[] Columns = [DatasetChecks.UserTable, DatasetChecks.ItemTable, "time", "kind", "part"];

    public static void Write(string directory, Dataset dataset)
    {
        using var writer = new TsvWriter(Path.Combine(directory, FileName), Columns);
        for (int user = 0; user < dataset.Users.Count; user++)
        {
            Write(writer, dataset, user, dataset.Train, "train"u8);
            Write(writer, dataset, user, dataset.Validation, "validation"u8);
            Write(writer, dataset, user, dataset.Test, "test"u8);
        }
        writer.Complete();
    }

    public static EventTable Read(string directory, Manifest manifest, Vocabulary users, Vocabulary items)
    {
        using var reader = new TsvReader(directory, FileName, Columns);
        if (manifest.Events > reader.Length / ShortestRow)
            throw new InvalidDataException(
                $"{FileName}: {Manifest.FileName} says {manifest.Events} events, more than a file of {reader.Length} bytes holds.");
        var events = new EventTable(manifest.Events);
        // Last time of each user and part, where times must ascend.
        long[] latest = new long[manifest.Ordered ? users.Count * 3 : 0];
        Array.Fill(latest, long.MinValue);
        int user = -1;
        while (reader.Read())
        {
            ReadOnlySpan<byte> userId = reader.NextText();
            if (user < 0 || !users[user].SequenceEqual(userId))
                user = users.Find(userId);
            if (user < 0)
                throw reader.Error($"unknown user {Utf8LineReader.Quote(userId)}.");
            ReadOnlySpan<byte> itemId = reader.NextText();
            int item = items.Find(itemId);
            if (item < 0)
                throw reader.Error($"unknown item {Utf8LineReader.Quote(itemId)}.");
            long time = reader.NextInteger(long.MinValue, long.MaxValue);
            EventKind kind = Kind(reader);
            EventPart part = Part(reader);
            reader.EndRow();
            if (manifest.Ordered)
            {
                ref long last = ref latest[(user * 3) + (int)part];
                if (time < last)
                    throw reader.RowError(
                        $"time {time} is before {last}, the user's event above it; an ordered data set lists them oldest first.");
                last = time;
            }
            if (events.Count == manifest.Events)
                throw reader.RowError($"one event more than the {manifest.Events} that {Manifest.FileName} says.");
            events.Add(user, item, time, kind, part);
        }
        if (events.Count != manifest.Events)
            throw new InvalidDataException($"{FileName}: {events.Count} events, {Manifest.FileName} says {manifest.Events}.");
        return events;
    }

    private static void Write(TsvWriter writer, Dataset dataset, int user, EventLog log, ReadOnlySpan<byte> part)
    {
        for (int e = log.UserSplits[user]; e < log.UserSplits[user + 1]; e++)
        {
            writer.Text(dataset.Users.Ids[user]);
            writer.Text(dataset.Items.Ids[log.Items[e]]);
            writer.Integer(log.Times[e]);
            writer.Plain(log.Kinds[e] == EventKind.Click ? "click"u8 : "conversion"u8);
            writer.Plain(part);
            writer.EndRow();
        }
    }

    private static EventKind Kind(TsvReader reader)
    {
        ReadOnlySpan<byte> kind = reader.Next();
        return kind.SequenceEqual("click"u8) ? EventKind.Click
            : kind.SequenceEqual("conversion"u8) ? EventKind.Conversion
            : throw reader.Error($"{Utf8LineReader.Quote(kind)} is not one of click, conversion.");
    }

    private static EventPart Part(TsvReader reader)
    {
        ReadOnlySpan<byte> part = reader.Next();
        return part.SequenceEqual("train"u8) ? EventPart.Train
            : part.SequenceEqual("validation"u8) ? EventPart.Validation
            : part.SequenceEqual("test"u8) ? EventPart.Test
            : throw reader.Error($"{Utf8LineReader.Quote(part)} is not one of train, validation, test.");
    }
}
