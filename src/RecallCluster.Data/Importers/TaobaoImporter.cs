using RecallCluster.Data.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Data.Importers;

/// <summary>
/// Imports clicks on Taobao's display ads in the form of four files of blank-separated integers: <c>u.item</c> (ad, category, brand, price
/// flag), <c>u.user</c> (user and eight profile codes), <c>train.txt</c> and <c>test.txt</c> (user, then the ads that the user clicked,
/// without order or time). The test clicks are the source's; validation is one training click, drawn by chance, of each of a tenth of the
/// users who have at least four.
/// </summary>
public static class TaobaoImporter
{
    private const string ItemFile = "u.item";
    private const string UserFile = "u.user";
    private static readonly string[] ItemFields = ["category", "brand", "price"];

    private static readonly string[] UserFields =
        ["cms_segid", "cms_group_id", "gender", "age_level", "pvalue_level", "shopping_level", "occupation", "new_user_class_level"];

    /// <summary>Reads the four files in <paramref name="directory"/>; <paramref name="seed"/> draws the validation clicks.</summary>
    /// <exception cref="FileNotFoundException">One of the files is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A line is malformed, an id unknown or a duplicate, an ad listed twice for one user, or a file empty; the message names the line.
    /// </exception>
    public static Dataset Import(string directory, ulong seed = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        (Vocabulary items, FeatureTable itemTable) = ReadTable(Path.Combine(directory, ItemFile), "ad", ItemFields);
        (Vocabulary users, FeatureTable userTable) = ReadTable(Path.Combine(directory, UserFile), "user", UserFields);
        var events = new EventTable();
        var seen = new HashSet<(int User, int Item)>();
        ReadClicks(Path.Combine(directory, "train.txt"), EventPart.Train, users, items, events, seen);
        ReadClicks(Path.Combine(directory, "test.txt"), EventPart.Test, users, items, events, seen);
        Splitter.HoldOutOneOfTenthUser(events, users.Count, new SeededRandom(seed));

        (EventLog train, EventLog validation, EventLog test) = events.ToLogs(users.Count, byTime: false);
        return new Dataset("taobao", itemTable, userTable, Ordered: false, train, validation, test)
        {
            Split = new SplitInfo(
                "the source's test clicks; for validation one training click of a tenth of the users with at least 4", seed),
        };
    }

    private static (Vocabulary Ids, FeatureTable Table) ReadTable(string path, string what, string[] names)
    {
        using var reader = new WordReader(path);
        var ids = new Vocabulary();
        FieldColumn[] columns = Array.ConvertAll(names, name => new FieldColumn(name));
        while (reader.Read())
        {
            ReadOnlySpan<byte> id = reader.Next();
            ids.Add(id, out bool added);
            if (!added)
                throw reader.Error($"{what} {Utf8LineReader.Quote(id)} stands here a second time.");
            for (int c = 0; c < columns.Length; c++)
            {
                ReadOnlySpan<byte> value = reader.Next();
                if (value.IsEmpty)
                    throw reader.Error($"{c + 1} columns, want {names.Length + 1} ({what}, {string.Join(", ", names)}).");
                columns[c].Add(value);
            }
            if (!reader.Next().IsEmpty)
                throw reader.Error($"more than {names.Length + 1} columns ({what}, {string.Join(", ", names)}).");
        }
        if (ids.Count == 0)
            throw new InvalidDataException($"{reader.FileName}: the file holds no {what}.");
        return (ids, FieldColumn.Table(ids.ToArray(), columns));
    }

    private static void ReadClicks(
        string path, EventPart part, Vocabulary users, Vocabulary items, EventTable events, HashSet<(int User, int Item)> seen)
    {
        using var reader = new WordReader(path);
        int before = events.Count;
        while (reader.Read())
        {
            ReadOnlySpan<byte> userId = reader.Next();
            int user = users.Find(userId);
            if (user < 0)
                throw reader.Error($"user {Utf8LineReader.Quote(userId)} is not in {UserFile}.");
            for (ReadOnlySpan<byte> itemId = reader.Next(); !itemId.IsEmpty; itemId = reader.Next())
            {
                int item = items.Find(itemId);
                if (item < 0)
                    throw reader.Error($"ad {Utf8LineReader.Quote(itemId)} is not in {ItemFile}.");
                if (!seen.Add((user, item)))
                    throw reader.Error($"ad {Utf8LineReader.Quote(itemId)} is listed for user {Utf8LineReader.Quote(userId)} a second "
                        + "time (train and test together).");
                events.Add(user, item, part: part);
            }
        }
        if (events.Count == before)
            throw new InvalidDataException($"{reader.FileName}: the file holds no click.");
    }
}
