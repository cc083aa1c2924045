namespace RecallCluster.Serving.State;

/// <summary>Whether a journal takes commands.</summary>
public enum JournalCondition
{
    /// <summary>It does, as far as is known.</summary>
    Working,

    /// <summary>The last transaction could not be made durable, as on a full disk; the next one may be.</summary>
    Failing,

    /// <summary>It stopped for good, because memory and disk would be at odds; the process has to be started again.</summary>
    Stopped,

    /// <summary>It was closed.</summary>
    Closed,
}

/// <summary>How it stands with a journal.</summary>
/// <param name="Condition">Whether it takes commands.</param>
/// <param name="Trouble">Why not; null where it does, or was closed.</param>
public sealed record JournalStatus(JournalCondition Condition, Exception? Trouble)
{
    /// <summary>One that takes commands.</summary>
    public static JournalStatus Working { get; } = new(JournalCondition.Working, null);
}
