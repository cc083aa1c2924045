namespace RecallCluster.Bidding.Money;

/// <summary>What became of something that was told to a ledger. Only <see cref="Applied"/> moved money or counts.</summary>
public enum LedgerOutcome
{
    /// <summary>Done.</summary>
    Applied,

    /// <summary>An event with this id was applied before.</summary>
    Duplicate,

    /// <summary>The event came after its window: it can no longer be told from a repetition, and its reserve is gone.</summary>
    Late,

    /// <summary>There is no such lease, or its events' window has closed.</summary>
    UnknownLease,

    /// <summary>The auction took place before the lease was granted, or after it ended: nobody had the right to win it.</summary>
    OutsideLease,

    /// <summary>A newer life of the gateway has shown up.</summary>
    StaleGateway,

    /// <summary>The campaign is paused.</summary>
    Paused,

    /// <summary>The flight has not begun.</summary>
    NotStarted,

    /// <summary>The flight is over.</summary>
    Ended,

    /// <summary>All of the day's budget, or of the flight's, is spent or leased.</summary>
    BudgetCommitted,

    /// <summary>Some budget is left, for later in the day.</summary>
    AheadOfPace,

    /// <summary>There is no such campaign.</summary>
    UnknownCampaign,

    /// <summary>It is written down, and the ledger will be told; what becomes of it is not known yet.</summary>
    Pending,
}
