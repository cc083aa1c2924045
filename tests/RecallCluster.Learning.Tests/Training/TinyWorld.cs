using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Training;

/// <summary>
/// A data set small enough to learn in a second: ads in groups of equal size, users who click within two groups of their own. The group is
/// the ads' side information; a user's segment is a profile field.
/// </summary>
internal static class TinyWorld
{
    public const int Groups = 12;
    public const int GroupSize = 10;
    public const int Items = Groups * GroupSize;

    public static Dataset Create(int users = 240, int clicks = 8, bool ordered = false, ulong seed = 3)
    {
        var random = new SeededRandom(seed);
        int[] group = [.. Enumerable.Range(0, Items).Select(item => 1 + (item / GroupSize))];
        int[] parity = [.. Enumerable.Range(0, Items).Select(item => 1 + (item % 2))];
        var items = new FeatureTable(Ids("ad", Items), [new Field("group", Groups + 1), new Field("parity", 3)], [group, parity]);
        var segment = new int[users];
        var train = new List<int>[users];
        var validation = new List<int>[users];
        var test = new List<int>[users];
        for (int user = 0; user < users; user++)
        {
            int first = random.NextInt(Groups), second = (first + 1 + random.NextInt(Groups - 1)) % Groups;
            segment[user] = 1 + (first % 3);
            int[] liked = [.. Enumerable.Range(0, 2 * GroupSize).Select(
                i => ((i < GroupSize ? first : second) * GroupSize) + (i % GroupSize))];
            random.Shuffle(liked.AsSpan());
            train[user] = [.. liked[..(clicks - 2)]];
            validation[user] = [liked[clicks - 2]];
            test[user] = [liked[clicks - 1]];
        }
        var profiles = new FeatureTable(Ids("user", users), [new Field("segment", 4)], [segment]);
        return new Dataset("tiny", items, profiles, ordered, Log(train), Log(validation), Log(test));
    }

    public static ModelConfig Config(Dataset dataset, ModelKind kind = ModelKind.Deep) => ModelConfig.For(dataset) with
    {
        Kind = kind,
        Width = 12,
        IdWidth = 8,
        FieldWidth = 6,
        TargetHidden = 20,
        ProfileWidth = 4,
        ProfileHeads = 2,
        UserHidden = 10,
        Hidden1 = 20,
        Hidden2 = 9,
        SequenceLimit = 6,
    };

    public static string[] Ids(string prefix, int count) => [.. Enumerable.Range(0, count).Select(i => $"{prefix}{i}")];

    public static EventLog Log(IReadOnlyList<List<int>> itemsOfUsers)
    {
        var splits = new int[itemsOfUsers.Count + 1];
        for (int user = 0; user < itemsOfUsers.Count; user++)
            splits[user + 1] = splits[user] + itemsOfUsers[user].Count;
        int[] items = [.. itemsOfUsers.SelectMany(list => list)];
        return new EventLog(splits, items, new long[items.Length], new EventKind[items.Length]);
    }
}
