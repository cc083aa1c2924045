using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Hosting;

/// <summary>The campaigns of this process, as its gateway needs them.</summary>
internal sealed class GatewayCampaigns(CampaignRunner campaigns) : ILeases, IBidReports
{
    public Task<LeaseGrant> RequestAsync(long campaign, int gateway, long epoch, Micros wanted, CancellationToken cancellation) =>
        campaigns.RequestLeaseAsync(campaign, gateway, epoch, wanted, cancellation);

    public Task<LedgerOutcome> CloseAsync(long campaign, long lease, long epoch, Micros keep, CancellationToken cancellation) =>
        campaigns.CloseLeaseAsync(campaign, lease, epoch, keep, cancellation);

    public Task ReportAsync(long campaign, BidReport report, CancellationToken cancellation) =>
        campaigns.ReportAsync(campaign, report, cancellation);
}

/// <summary>Catalogue edits in the journal of this process.</summary>
internal sealed class JournalCatalogueLog(IJournal journal) : ICatalogueLog
{
    public Task AppendAsync(CatalogueEdit edit, CancellationToken cancellation) =>
        journal.AppendAsync(CatalogueEdits.Key, CatalogueEdits.Write(edit), [], cancellation);
}

/// <summary>The campaigns of this process; a change is acknowledged when the gateway knows it, too.</summary>
internal sealed class LoopCampaigns(CampaignRunner campaigns, IJournal journal, LocalMarket market) : ICampaigns
{
    public Task<IReadOnlyList<CampaignView>> ListAsync(long after, int limit, CancellationToken cancellation) =>
        campaigns.ListAsync(after, limit, cancellation);

    public Task<CampaignView?> FindAsync(long id, CancellationToken cancellation) => campaigns.FindAsync(id, cancellation);

    public async Task<CampaignView> PutAsync(CampaignSettings settings, long? ifVersion, CancellationToken cancellation)
    {
        CampaignView view = await campaigns.PutAsync(settings, ifVersion, cancellation).ConfigureAwait(false);
        // The book with the change was asked for when it was applied: it is there when the writer comes to this.
        long version = await journal.ReadAsync(() => market.Latest, cancellation).ConfigureAwait(false);
        await market.WaitForAsync(version, cancellation).ConfigureAwait(false);
        return view;
    }
}
