namespace RecallCluster.Data;

/// <summary>A categorical field. Code 0 means "unknown"; known values have codes 1 to <c>Cardinality - 1</c>.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Cardinality">Number of codes, the unknown one included (at least 1).</param>
public sealed record Field(string Name, int Cardinality);

/// <summary>Rows (ads or users) with an external id and a code per categorical field.</summary>
/// <param name="Ids">External ids, unique, one per row.</param>
/// <param name="Fields">The fields, in column order.</param>
/// <param name="Codes"><c>Codes[field][row]</c>, each in [0, <see cref="Field.Cardinality"/>).</param>
public sealed record FeatureTable(string[] Ids, Field[] Fields, int[][] Codes)
{
    /// <summary>Number of rows.</summary>
    public int Count => Ids.Length;
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
}

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
public sealed record Dataset(string Name, FeatureTable Items, FeatureTable Users, bool Ordered, EventLog Train, EventLog Validation, EventLog Test);
