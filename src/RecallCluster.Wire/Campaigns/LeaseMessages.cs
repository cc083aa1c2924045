using MessagePack;

namespace RecallCluster.Wire.Campaigns;

/// <summary>A gateway wants to spend.</summary>
/// <param name="Gateway">The gateway's number.</param>
/// <param name="Epoch">Its life.</param>
/// <param name="Wanted">How much, in micro-units of the currency.</param>
[MessagePackObject]
public sealed record LeaseRequest(
    [property: Key(0)] int Gateway,
    [property: Key(1)] long Epoch,
    [property: Key(2)] long Wanted);

/// <summary>What a campaign answers.</summary>
/// <param name="Outcome">The ledger's outcome; 0 for a lease that was granted.</param>
/// <param name="Lease">The lease's id.</param>
/// <param name="Amount">How much may be spent, in micro-units of the currency.</param>
/// <param name="GrantedAt">When it was granted, in ticks of UTC by the ledger's clock.</param>
/// <param name="Expiry">When it ends, likewise.</param>
[MessagePackObject]
public sealed record LeaseReply(
    [property: Key(0)] int Outcome,
    [property: Key(1)] long Lease,
    [property: Key(2)] long Amount,
    [property: Key(3)] long GrantedAt,
    [property: Key(4)] long Expiry);

/// <summary>A gateway ends a lease.</summary>
/// <param name="Lease">The lease's id.</param>
/// <param name="Epoch">The gateway's life.</param>
/// <param name="Keep">What won ads may still cost, in micro-units of the currency.</param>
[MessagePackObject]
public sealed record LeaseClose(
    [property: Key(0)] long Lease,
    [property: Key(1)] long Epoch,
    [property: Key(2)] long Keep);
