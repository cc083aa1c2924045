using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Campaigns;

/// <summary>Takes commands to campaigns, which make them durable, apply them and answer.</summary>
internal interface ICampaignSender
{
    /// <returns>The campaign's answer, once the command is durable and applied.</returns>
    /// <exception cref="IOException">It could not be made durable.</exception>
    Task<TAnswer> SendAsync<TAnswer>(long campaign, CampaignCommand command, CancellationToken cancellation);
}

/// <summary>
/// What can be asked of one campaign, wherever it is: checks it, stamps it with the business clock, makes the command and sends it.
/// </summary>
/// <param name="sender">Takes commands to campaigns.</param>
/// <param name="clock">The business clock.</param>
/// <param name="factory">Made, or is to make, the campaigns.</param>
internal sealed class CampaignCommands(ICampaignSender sender, TimeProvider clock, MachineFactory factory)
{
    /// <summary>Creates a campaign, or changes it; see <see cref="ICampaigns.PutAsync"/>.</summary>
    /// <param name="settings">All of its settings.</param>
    /// <param name="ifVersion">The version that the change is based on.</param>
    /// <param name="market">What the market is like, for a campaign that brings no weights to begin with.</param>
    /// <param name="cancellation">The caller gave up.</param>
    /// <exception cref="InvalidRequestException">A setting makes no sense, or cannot be changed; the message names it.</exception>
    /// <exception cref="VersionConflictException">The campaign has another version now.</exception>
    public Task<CampaignView> PutAsync(CampaignSettings settings, long? ifVersion, MarketLevel market, CancellationToken cancellation)
    {
        CampaignEdit.Check(settings, factory.Campaigns);
        var put = new PutCommand(clock.GetUtcNow(), settings, StartEstimate.Of(settings, market), ifVersion, factory.Controllers.Running);
        return sender.SendAsync<CampaignView>(settings.Id, put, cancellation);
    }

    /// <summary>Asks for the right to spend; see <see cref="CampaignLedger.RequestLease"/>.</summary>
    public Task<LeaseGrant> RequestLeaseAsync(long campaign, int gateway, long epoch, Micros wanted, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted.Value, nameof(wanted));
        return sender.SendAsync<LeaseGrant>(campaign, new LeaseCommand(clock.GetUtcNow(), gateway, epoch, wanted), cancellation);
    }

    /// <summary>Gives a lease back but for what ads already won may still cost; see <see cref="CampaignLedger.CloseLease"/>.</summary>
    public Task<LedgerOutcome> CloseLeaseAsync(long campaign, long lease, long epoch, Micros keep, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep.Value, nameof(keep));
        return sender.SendAsync<LedgerOutcome>(campaign, new CloseCommand(clock.GetUtcNow(), lease, epoch, keep), cancellation);
    }

    /// <summary>Tells what a gateway did for the campaign since its last report.</summary>
    /// <exception cref="InvalidRequestException">A number of the report makes no sense.</exception>
    public Task<LedgerOutcome> ReportAsync(long campaign, BidReport report, CancellationToken cancellation)
    {
        report.Check();
        return sender.SendAsync<LedgerOutcome>(campaign, new ReportCommand(clock.GetUtcNow(), report), cancellation);
    }

    /// <summary>Tells that something happened to an ad that the campaign won with: an impression, a click or a conversion.</summary>
    /// <param name="happened">What.</param>
    /// <param name="at">The business clock when it was told.</param>
    /// <param name="cancellation">The caller gave up; the event may be applied.</param>
    public Task<AdEventResult> AcceptAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation) =>
        sender.SendAsync<AdEventResult>(happened.Win.CampaignId, new EventCommand(at, happened), cancellation);

    /// <summary>Lets a campaign decide. The optimum of a day that ends is worked out here, not where the campaign is.</summary>
    /// <param name="campaign">The campaign.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="ending">The day that ends (<see cref="Campaign.Ending"/>); null for none.</param>
    /// <param name="cancellation">Stops.</param>
    public async Task TickAsync(long campaign, DateTimeOffset now, DaySample? ending, CancellationToken cancellation)
    {
        CampaignDayReport? closing = ending is null
            ? null : await Task.Run(() => CampaignDayReport.Of(ending), cancellation).ConfigureAwait(false);
        var tick = new TickCommand(now, closing, factory.Controllers.Running);
        await sender.SendAsync<LedgerOutcome>(campaign, tick, cancellation).ConfigureAwait(false);
    }
}
