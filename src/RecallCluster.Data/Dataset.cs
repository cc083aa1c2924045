namespace RecallCluster.Data;

/// <summary>A categorical field. Code 0 means "unknown"; known values have codes 1 to <c>Cardinality - 1</c>.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Cardinality">Number of codes, the unknown one included (at least 1).</param>
public sealed record Field(string Name, int Cardinality)
{
    /// <summary>
    /// What each code stood for at the source, <see cref="Cardinality"/> strings of which the first (unknown) is empty; null when codes
    /// have no other name than their number.
    /// </summary>
    public string[]? Labels { get; init; }
}

/// <summary>Rows (ads or users) with an external id and a code per categorical field.</summary>
/// <param name="Ids">External ids, unique, one per row.</param>
/// <param name="Fields">The fields, in column order.</param>
/// <param name="Codes"><c>Codes[field][row]</c>, each in [0, <see cref="Field.Cardinality"/>).</param>
public sealed record FeatureTable(string[] Ids, Field[] Fields, int[][] Codes)
{
    /// <summary>Number of rows.</summary>
    public int Count => Ids.Length;

    /// <summary>A table of ids alone.</summary>
    public static FeatureTable OfIds(string[] ids) => new(ids, [], []);
}

/// <summary>What a user did to an ad.</summary>
public enum EventKind : byte
{
    /// <summary>Clicked.</summary>
    Click = 0,

    /// <summary>Bought, rated or otherwise converted.</summary>
    Conversion = 1,
}

/// <summary>
/// Events grouped by user as compressed sparse rows: user u's events are <c>[UserSplits[u], UserSplits[u + 1])</c>, oldest first where
/// times are known.
/// </summary>
/// <param name="UserSplits">Row splits, length users + 1.</param>
/// <param name="Items">Item row of each event.</param>
/// <param name="Times">Time of each event (any unit, ascending within a user), or 0 where unknown.</param>
/// <param name="Kinds">Kind of each event.</param>
public sealed record EventLog(int[] UserSplits, int[] Items, long[] Times, EventKind[] Kinds)
{
    /// <summary>Number of events.</summary>
    public int Count => Items.Length;

    /// <summary>The items of one user, oldest first where times are known.</summary>
    public ReadOnlySpan<int> ItemsOf(int user) => Items.AsSpan(UserSplits[user]..UserSplits[user + 1]);

    /// <summary>A log without events for <paramref name="users"/> users.</summary>
    public static EventLog Empty(int users) => new(new int[users + 1], [], [], []);
}

/// <summary>How events were divided into training, validation and test events.</summary>
/// <param name="Rule">The rule in words, e.g. "leave-last-out".</param>
/// <param name="Seed">Seed of a random rule; null when nothing was drawn.</param>
public sealed record SplitInfo(string Rule, ulong? Seed);

/// <summary>
/// Ads, users and their events, split for training and evaluation. The three logs are disjoint and share the row numbering of
/// <see cref="Items"/> and <see cref="Users"/>.
/// </summary>
/// <param name="Name">Name of the data set.</param>
/// <param name="Items">The ads and their side information.</param>
/// <param name="Users">The users and their profile codes.</param>
/// <param name="Ordered">Whether events are in time order (else a user's events are a set).</param>
/// <param name="Train">Events to learn from; also the behaviour sequence at evaluation.</param>
/// <param name="Validation">Held-out events for early stopping and tuning.</param>
/// <param name="Test">Held-out events that only an evaluation reads.</param>
public sealed record Dataset(
    string Name, FeatureTable Items, FeatureTable Users, bool Ordered, EventLog Train, EventLog Validation, EventLog Test)
{
    /// <summary>How the events were split; "explicit" when nobody said.</summary>
    public SplitInfo Split { get; init; } = new("explicit", null);

    /// <summary>
    /// Checks that the parts fit together: unique non-empty ids, codes within their field, labels of the right number, logs over these
    /// users and items, and times that ascend within a user where <see cref="Ordered"/>.
    /// </summary>
    /// <exception cref="ArgumentException">Something does not; the message says what and where.</exception>
    public void Validate()
    {
        DatasetChecks.Table(Items, DatasetChecks.ItemTable);
        DatasetChecks.Table(Users, DatasetChecks.UserTable);
        DatasetChecks.Log(Train, "train", Users.Count, Items.Count, Ordered);
        DatasetChecks.Log(Validation, "validation", Users.Count, Items.Count, Ordered);
        DatasetChecks.Log(Test, "test", Users.Count, Items.Count, Ordered);
    }
}
