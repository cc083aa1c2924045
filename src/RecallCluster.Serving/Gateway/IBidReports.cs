using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>Where a gateway tells what it did for campaigns: the campaigns here, or in another process. Thread-safe.</summary>
internal interface IBidReports
{
    /// <summary>Tells a campaign what the gateway did for it since its last report.</summary>
    /// <exception cref="IOException">The campaign could not be reached, or could not make it durable; the report is lost.</exception>
    Task ReportAsync(long campaign, BidReport report, CancellationToken cancellation);
}
