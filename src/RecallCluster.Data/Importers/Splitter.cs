using RecallCluster.Numerics;

namespace RecallCluster.Data.Importers;

/// <summary>The ways to hold out events for validation and test.</summary>
internal static class Splitter
{
    /// <summary>Name of <see cref="LeaveLastOut"/> in <see cref="SplitInfo.Rule"/>.</summary>
    public const string LeaveLastOutRule = "leave-last-out";

    /// <summary>Fewest events of a user from whom two can be held out.</summary>
    public const int FewestForLeaveLastOut = 3;

    /// <summary>
    /// Each user's last event is for test and the one before for validation; users with fewer than three events stay in training.
    /// </summary>
    public static void LeaveLastOut(EventTable events, int userCount, bool byTime)
    {
        (int[] order, int[] splits) = events.ByUser(userCount, byTime);
        for (int user = 0; user < userCount; user++)
        {
            int end = splits[user + 1];
            if (end - splits[user] < FewestForLeaveLastOut)
                continue;
            events.Parts[order[end - 2]] = EventPart.Validation;
            events.Parts[order[end - 1]] = EventPart.Test;
        }
    }

    /// <summary>
    /// The newest events of all users are for test, those before for validation. Events of one instant fall into one part: the older one
    /// of those that the shares would cut through.
    /// </summary>
    public static void ByTime(EventTable events, double validationShare, double testShare)
    {
        long[] times = events.Times.ToArray();
        Array.Sort(times);
        int testFrom = times.Length - (int)Math.Round(times.Length * testShare);
        int validationFrom = testFrom - (int)Math.Round(times.Length * validationShare);
        // An event is held out when it is later than the last one that is not.
        long lastTrain = validationFrom > 0 ? times[validationFrom - 1] : long.MinValue;
        long lastValidation = testFrom > 0 ? times[testFrom - 1] : long.MinValue;
        for (int e = 0; e < events.Count; e++)
        {
            long time = events.Times[e];
            events.Parts[e] = time > lastValidation ? EventPart.Test : time > lastTrain ? EventPart.Validation : EventPart.Train;
        }
    }

    /// <summary>Each event falls into a part by chance.</summary>
    public static void Random(EventTable events, double validationShare, double testShare, SeededRandom random)
    {
        for (int e = 0; e < events.Count; e++)
        {
            double draw = random.NextDouble();
            events.Parts[e] = draw < testShare
                ? EventPart.Test
                : draw < testShare + validationShare ? EventPart.Validation : EventPart.Train;
        }
    }

    /// <summary>
    /// One training event of each of a tenth of the users who have at least four of them is for validation; users and events are drawn by
    /// chance. For sources without time that come with a test set of their own.
    /// </summary>
    public static void HoldOutOneOfTenthUser(EventTable events, int userCount, SeededRandom random)
    {
        const int FewestEvents = 4;
        const int OneIn = 10;
        (int[] order, int[] splits) = events.ByUser(userCount, byTime: false);
        var train = new List<int>[userCount];
        var eligible = new List<int>();
        for (int user = 0; user < userCount; user++)
        {
            train[user] = [];
            foreach (int e in order.AsSpan(splits[user]..splits[user + 1]))
            {
                if (events.Parts[e] == EventPart.Train)
                    train[user].Add(e);
            }
            if (train[user].Count >= FewestEvents)
                eligible.Add(user);
        }
        int[] drawn = [.. eligible];
        random.Shuffle(drawn.AsSpan());
        foreach (int user in drawn.AsSpan(0, (drawn.Length + OneIn - 1) / OneIn))
            events.Parts[train[user][random.NextInt(train[user].Count)]] = EventPart.Validation;
    }
}
