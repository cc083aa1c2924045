using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// All of a ledger's memory at one moment. A ledger made from it goes on exactly as the one it was taken from: state plus the entries since
/// then is how a campaign survives a crash.
/// </summary>
public sealed record CampaignState
{
    /// <summary>The version that this program writes. It reads this one and 0, the one before states had a version.</summary>
    public const int CurrentVersion = 1;

    /// <summary>How the state is to be read: see <see cref="CurrentVersion"/>.</summary>
    public int Version { get; init; }

    /// <summary>The terms as they stand, with all edits.</summary>
    [JsonRequired]
    public required CampaignTerms Terms { get; init; }

    /// <summary>The ledger's time: the latest it was ever told.</summary>
    [JsonRequired]
    public required DateTimeOffset Now { get; init; }

    /// <summary>Whether the campaign is paused.</summary>
    [JsonRequired]
    public required bool IsPaused { get; init; }

    /// <summary>The number of the next lease.</summary>
    [JsonRequired]
    public required long NextLease { get; init; }

    /// <summary>All money ever charged.</summary>
    [JsonRequired]
    public required Micros TotalSpent { get; init; }

    /// <summary>What was spent or leased when the lifetime budget was last edited.</summary>
    public Micros LifetimeCommittedAtEdit { get; init; }

    /// <summary>Accounts of recent days, oldest first.</summary>
    [JsonRequired]
    public required DayAccount[] Days { get; init; }

    /// <summary>Leases whose window is open, by number.</summary>
    [JsonRequired]
    public required LeaseAccount[] Leases { get; init; }

    /// <summary>The newest life of every gateway.</summary>
    [JsonRequired]
    public required GatewayEpoch[] Gateways { get; init; }

    /// <summary>Ids of events that could still come again.</summary>
    [JsonRequired]
    public required SeenMinute[] Seen { get; init; }

    /// <summary>How often each outcome was given, by its number.</summary>
    [JsonRequired]
    public required long[] Outcomes { get; init; }
}

/// <summary>The newest known life of a gateway.</summary>
/// <param name="Gateway">The gateway.</param>
/// <param name="Epoch">Its life.</param>
public readonly record struct GatewayEpoch(int Gateway, long Epoch);

/// <summary>Ids of events that are to be forgotten in the same minute.</summary>
/// <param name="Minute">Minutes since year 1, UTC.</param>
/// <param name="Ids">The ids.</param>
public sealed record SeenMinute(long Minute, UInt128[] Ids);
