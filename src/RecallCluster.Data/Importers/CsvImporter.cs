using System.Globalization;
using RecallCluster.Data.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Data.Importers;

/// <summary>How <see cref="CsvImporter"/> divides events.</summary>
public enum CsvSplit
{
    /// <summary>
    /// Each user's last event is for test, the one before for validation; users with fewer than three events stay in training.
    /// </summary>
    LeaveLastOut = 0,

    /// <summary>The newest share of all events is for test, the share before it for validation. Needs times.</summary>
    Time = 1,

    /// <summary>Each event falls into a part by chance.</summary>
    Random = 2,
}

/// <summary>What <see cref="CsvImporter"/> reads and how.</summary>
public sealed record CsvImportOptions
{
    /// <summary>
    /// CSV of items (the item column, and a categorical field for every other column); null to take items from the events.
    /// </summary>
    public string? ItemsPath { get; init; }

    /// <summary>
    /// CSV of users (the user column, and a categorical field for every other column); null to take users from the events.
    /// </summary>
    public string? UsersPath { get; init; }

    /// <summary>Name of the data set; the events file's name when null.</summary>
    public string? Name { get; init; }

    /// <summary>Header of the user column.</summary>
    public string UserColumn { get; init; } = "user";

    /// <summary>Header of the item column.</summary>
    public string ItemColumn { get; init; } = "item";

    /// <summary>
    /// Header of the optional time column: an integer of any unit, or an ISO 8601 date or time (UTC unless it says otherwise), which
    /// becomes Unix milliseconds.
    /// </summary>
    public string TimeColumn { get; init; } = "time";

    /// <summary>Header of the optional kind column: click or conversion; empty is click.</summary>
    public string KindColumn { get; init; } = "kind";

    /// <summary>Columns of the items and users files that do not become fields.</summary>
    public IReadOnlyCollection<string> IgnoredColumns { get; init; } = [];

    /// <summary>How to divide the events.</summary>
    public CsvSplit Split { get; init; } = CsvSplit.LeaveLastOut;

    /// <summary>Share of events for validation, for <see cref="CsvSplit.Time"/> and <see cref="CsvSplit.Random"/>.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Share of events for test, for <see cref="CsvSplit.Time"/> and <see cref="CsvSplit.Random"/>.</summary>
    public double TestShare { get; init; } = 0.1;

    /// <summary>Seed of <see cref="CsvSplit.Random"/>.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>
/// Imports events from any CSV (RFC 4180, UTF-8, header line) that names a user and an item, optionally a time and a kind, together with
/// optional CSVs of items and users whose further columns become categorical fields. With a time column events are ordered by it (equal
/// times keep the file's order); without one they stand in the file's order, and count as ordered for leave-last-out.
/// </summary>
public static class CsvImporter
{
    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-dd HH:mmK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK"];

    /// <summary>Reads <paramref name="eventsPath"/> and the files that <paramref name="options"/> name.</summary>
    /// <exception cref="ArgumentException">The shares are not in [0, 1) or leave nothing to train on.</exception>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is empty or malformed, a column is missing, an id empty, a duplicate, or not in the items or users file, or a split by time
    /// is asked of events without time; the message names the line.
    /// </exception>
    public static Dataset Import(string eventsPath, CsvImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventsPath);
        options ??= new CsvImportOptions();
        if (!(options.ValidationShare >= 0 && options.TestShare >= 0 && options.ValidationShare + options.TestShare < 1))
            throw new ArgumentException(
                $"Validation share {options.ValidationShare} and test share {options.TestShare}: want both in [0, 1), together below 1.",
                nameof(options));
        IReadOnlyCollection<string> ignored = options.IgnoredColumns;
        (Vocabulary items, FieldColumn[] itemColumns) = ReadTable(options.ItemsPath, options.ItemColumn, DatasetChecks.ItemTable, ignored);
        (Vocabulary users, FieldColumn[] userColumns) = ReadTable(options.UsersPath, options.UserColumn, DatasetChecks.UserTable, ignored);
        (EventTable events, bool timed) = ReadEvents(eventsPath, options, items, users);
        SplitInfo split = Split(events, users.Count, timed, options);

        (EventLog train, EventLog validation, EventLog test) = events.ToLogs(users.Count, timed);
        return new Dataset(
            options.Name ?? Path.GetFileNameWithoutExtension(eventsPath),
            FieldColumn.Table(items.ToArray(), itemColumns),
            FieldColumn.Table(users.ToArray(), userColumns),
            Ordered: timed || options.Split == CsvSplit.LeaveLastOut,
            train,
            validation,
            test)
        {
            Split = split,
        };
    }

    private static (Vocabulary Ids, FieldColumn[] Columns) ReadTable(
        string? path, string idColumn, string table, IReadOnlyCollection<string> ignored)
    {
        var ids = new Vocabulary();
        if (path is null)
            return (ids, []);
        using var reader = new CsvReader(path);
        int id = reader.Column(idColumn);
        int[] sources = [.. Enumerable.Range(0, reader.Header.Count).Where(c => c != id && !ignored.Contains(reader.Header[c]))];
        if (sources.Any(c => reader.Header[c] == table))
            throw new InvalidDataException(
                $"{reader.FileName}, line 1: no field may be called '{table}', as the id is; ignore or rename the column.");
        FieldColumn[] columns = Array.ConvertAll(sources, c => new FieldColumn(reader.Header[c]));
        while (reader.Read())
        {
            ids.Add(reader.Id(id), out bool added);
            if (!added)
                throw reader.Error(id, $"the id {Utf8LineReader.Quote(reader[id])} stands here a second time.");
            for (int c = 0; c < columns.Length; c++)
                columns[c].Add(reader[sources[c]]);
        }
        if (ids.Count == 0)
            throw new InvalidDataException($"{reader.FileName}: the file holds no {idColumn}.");
        return (ids, columns);
    }

    private static (EventTable Events, bool Timed) ReadEvents(string path, CsvImportOptions options, Vocabulary items, Vocabulary users)
    {
        using var reader = new CsvReader(path);
        int user = reader.Column(options.UserColumn), item = reader.Column(options.ItemColumn);
        int time = reader.TryColumn(options.TimeColumn), kind = reader.TryColumn(options.KindColumn);
        var events = new EventTable();
        while (reader.Read())
        {
            events.Add(
                Row(reader, user, users, options.UsersPath),
                Row(reader, item, items, options.ItemsPath),
                time < 0 ? 0 : Time(reader, time),
                kind < 0 ? EventKind.Click : Kind(reader, kind));
        }
        if (events.Count == 0)
            throw new InvalidDataException($"{reader.FileName}: the file holds no event.");
        return (events, time >= 0);
    }

    private static int Row(CsvReader reader, int column, Vocabulary ids, string? tablePath)
    {
        ReadOnlySpan<byte> id = reader.Id(column);
        if (tablePath is null)
            return ids.Add(id, out _);
        int row = ids.Find(id);
        return row >= 0 ? row : throw reader.Error(column, $"{Utf8LineReader.Quote(id)} is not in {Path.GetFileName(tablePath)}.");
    }

    private static long Time(CsvReader reader, int column)
    {
        if (reader.TryInteger(column, out long value))
            return value;
        const DateTimeStyles AsUtc = DateTimeStyles.AssumeUniversal;
        return DateTimeOffset.TryParseExact(reader.Text(column), TimeFormats, CultureInfo.InvariantCulture, AsUtc, out DateTimeOffset time)
            ? time.ToUnixTimeMilliseconds()
            : throw reader.Error(column, $"{Utf8LineReader.Quote(reader[column])} is neither an integer nor an ISO 8601 time.");
    }

    private static EventKind Kind(CsvReader reader, int column)
    {
        ReadOnlySpan<byte> kind = reader[column];
        return kind.IsEmpty || kind.SequenceEqual("click"u8) ? EventKind.Click
            : kind.SequenceEqual("conversion"u8) ? EventKind.Conversion
            : throw reader.Error(column, $"{Utf8LineReader.Quote(kind)} is not one of click, conversion.");
    }

    private static SplitInfo Split(EventTable events, int userCount, bool timed, CsvImportOptions options)
    {
        string shares = $"validation {options.ValidationShare}, test {options.TestShare}";
        switch (options.Split)
        {
            case CsvSplit.LeaveLastOut:
                Splitter.LeaveLastOut(events, userCount, timed);
                return new SplitInfo(Splitter.LeaveLastOutRule, null);
            case CsvSplit.Time when timed:
                Splitter.ByTime(events, options.ValidationShare, options.TestShare);
                return new SplitInfo($"by time ({shares})", null);
            case CsvSplit.Time:
                throw new InvalidDataException($"A split by time needs a time column ('{options.TimeColumn}') in the events.");
            case CsvSplit.Random:
                Splitter.Random(events, options.ValidationShare, options.TestShare, new SeededRandom(options.Seed));
                return new SplitInfo($"random ({shares})", options.Seed);
            default:
                throw new ArgumentException($"Unknown split {options.Split}.", nameof(options));
        }
    }
}
