using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Events;

namespace RecallCluster.Grains.Contracts;

/// <summary>One campaign: settings, ledger, leases, controller. Key: the campaign's id. What it answers is durable.</summary>
[Alias("recall.campaign"), Version(1)]
public interface ICampaignGrain : IGrainWithIntegerKey
{
    /// <summary>Makes or changes the campaign, and publishes its offer.</summary>
    /// <param name="settings">All of its settings, as the JSON that its log keeps.</param>
    /// <param name="ifVersion">The version that the change is based on; 0 for a campaign that must not be there; null for any.</param>
    [Alias("Put")]
    Task<CampaignReply> PutAsync(byte[] settings, long? ifVersion);

    /// <summary>Asks for the right to spend.</summary>
    /// <param name="request">How much.</param>
    /// <param name="gateway">Told of what becomes of the wins that this gateway delivers.</param>
    [Alias("Lease")]
    Task<LeaseReply> RequestLeaseAsync(LeaseRequest request, IGatewayObserver? gateway);

    /// <summary>Ends a lease.</summary>
    /// <returns>The ledger's outcome.</returns>
    [Alias("Close")]
    Task<int> CloseLeaseAsync(LeaseClose close);

    /// <summary>
    /// Takes an event: durable, and applied once, when this completes. A loss is passed on to the gateway that delivered it.
    /// </summary>
    /// <param name="happened">The event.</param>
    /// <param name="acceptedBy">The gateway that it came to; another one that delivered the win is told.</param>
    [Alias("Event")]
    Task<EventReply> AcceptAsync(EventMessage happened, int acceptedBy);

    /// <summary>Takes what a gateway reports of its auctions.</summary>
    /// <param name="report">The report, as the JSON that the log keeps.</param>
    [Alias("Report")]
    Task<int> ReportAsync(byte[] report);

    /// <summary>Lets a tick that is due be decided.</summary>
    /// <returns>Whether one was due.</returns>
    [Alias("Tick")]
    Task<bool> TickAsync();

    /// <summary>What it publishes; null for a campaign that is not there. Wakes it.</summary>
    [Alias("Offer")]
    Task<OfferMessage?> OfferAsync();

    /// <summary>The campaign as it stands, as JSON; null for one that is not there.</summary>
    [Alias("View"), AlwaysInterleave]
    Task<byte[]?> ViewAsync();

    /// <summary>Replays its sampled auctions with the running actors and with others.</summary>
    /// <param name="version">The version of the others.</param>
    /// <returns>What came of it, as JSON; null where its silo has not got that version.</returns>
    [Alias("TryActors"), AlwaysInterleave]
    Task<byte[]?> TryActorsAsync(string version);

    /// <summary>Reports on its days, oldest first, as JSON; the last is of today.</summary>
    [Alias("Reports"), AlwaysInterleave]
    Task<byte[]> ReportsAsync();
}

/// <summary>A gateway, as campaigns see it.</summary>
[Alias("recall.gateway-observer")]
public interface IGatewayObserver : IGrainObserver
{
    /// <summary>What became of a win that it delivered. May be lost: the reserve then comes back when the lease's window closes.</summary>
    [Alias("Settle"), OneWay]
    Task SettleAsync(SettlementMessage settlement);
}
