using RecallCluster.Numerics;

namespace RecallCluster.Data.Tests;

internal static class SampleDatasets
{
    private static readonly string[] Awkward =
        ["tab\there", "line\nbreak", "back\\slash", "\\t", "回り道", "space at end ", " ", "cr\r", "𝛀", "\"", "a,b"];

    /// <summary>Two items, two users and four events, which the tests of broken files then damage.</summary>
    public static Dataset Small() => new(
        "small",
        new FeatureTable(
            ["a1", "a2"], [new Field("category", 3) { Labels = ["", "shoes", "hats"] }, new Field("price", 5)], [[1, 2], [0, 4]]),
        new FeatureTable(["u1", "u2"], [new Field("age", 4)], [[3, 0]]),
        Ordered: true,
        new EventLog([0, 2, 2], [0, 1], [10, 20], [EventKind.Click, EventKind.Conversion]),
        new EventLog([0, 1, 1], [0], [30], [EventKind.Click]),
        new EventLog([0, 0, 1], [1], [5], [EventKind.Click]))
    {
        Split = new SplitInfo("by hand", 7),
    };

    /// <summary>Any data set: no rows or many, odd characters in ids and labels, users without events.</summary>
    public static Dataset Random(SeededRandom random)
    {
        FeatureTable items = Table(random, random.NextInt(30), "item-"), users = Table(random, random.NextInt(20), "user-");
        bool ordered = random.NextInt(2) == 0;
        return new Dataset(
            "name " + Text(random),
            items,
            users,
            ordered,
            Log(random, users.Count, items.Count, ordered),
            Log(random, users.Count, items.Count, ordered),
            Log(random, users.Count, items.Count, ordered))
        {
            Split = new SplitInfo("rule " + Text(random), random.NextInt(2) == 0 ? null : random.NextUInt64()),
        };
    }

    private static FeatureTable Table(SeededRandom random, int rows, string prefix)
    {
        var ids = new string[rows];
        for (int row = 0; row < rows; row++)
            ids[row] = random.NextInt(3) == 0 ? $"{Text(random)}{row}{Text(random)}" : $"{prefix}{row}";
        var fields = new Field[random.NextInt(4)];
        var codes = new int[fields.Length][];
        for (int f = 0; f < fields.Length; f++)
        {
            fields[f] = new Field($"field {f} {Text(random)}", 1 + random.NextInt(6));
            if (random.NextInt(2) == 0)
                fields[f] = fields[f] with { Labels = ["", .. Enumerable.Range(1, fields[f].Cardinality - 1).Select(_ => Text(random))] };
            codes[f] = [.. Enumerable.Range(0, rows).Select(_ => random.NextInt(fields[f].Cardinality))];
        }
        return new FeatureTable(ids, fields, codes);
    }

    private static EventLog Log(SeededRandom random, int users, int items, bool ordered)
    {
        var splits = new int[users + 1];
        var rows = new List<int>();
        var times = new List<long>();
        for (int user = 0; user < users; user++)
        {
            int count = items == 0 ? 0 : random.NextInt(5);
            long time = (long)random.NextUInt64() >> 1;
            for (int e = 0; e < count; e++)
            {
                time = ordered ? time + random.NextInt(3) : random.NextInt(100) - 50;
                rows.Add(random.NextInt(items));
                times.Add(time);
            }
            splits[user + 1] = rows.Count;
        }
        return new EventLog(splits, [.. rows], [.. times], [.. rows.Select(_ => (EventKind)random.NextInt(2))]);
    }

    private static string Text(SeededRandom random) =>
        random.NextInt(2) == 0 ? Awkward[random.NextInt(Awkward.Length)] : $"plain{random.NextInt(1000)}";
}
