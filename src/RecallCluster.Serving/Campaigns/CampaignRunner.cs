using System.Runtime.ExceptionServices;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// The campaigns, for those who run them, for gateways, and for the clock. Commands are stamped with the business clock, written to the
/// journal, and answered once they are durable.
/// </summary>
public sealed class CampaignRunner : ICampaigns
{
    private const int TicksAtOnce = 16;

    private readonly CampaignDirectory _directory;
    private readonly IJournal _journal;
    private readonly TimeProvider _clock;
    private readonly CampaignCommands _commands;

    internal CampaignRunner(CampaignDirectory directory, IJournal journal, TimeProvider clock, CampaignCommands commands) =>
        (_directory, _journal, _clock, _commands) = (directory, journal, clock, commands);

    /// <inheritdoc/>
    public Task<IReadOnlyList<CampaignView>> ListAsync(long after, int limit, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        DateTimeOffset now = _clock.GetUtcNow();
        return _journal.ReadAsync<IReadOnlyList<CampaignView>>(
            () =>
            [
                .. _directory.Campaigns.Where(campaign => campaign.Settings.Id > after)
                    .OrderBy(campaign => campaign.Settings.Id).Take(limit).Select(campaign => campaign.View(now)),
            ],
            cancellation);
    }

    /// <summary>Campaigns with the highest spend of today.</summary>
    public Task<IReadOnlyList<CampaignView>> TopAsync(int count, CancellationToken cancellation)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        return _journal.ReadAsync<IReadOnlyList<CampaignView>>(
            () =>
            [
                .. _directory.Campaigns.OrderByDescending(campaign => campaign.Ledger.Today.Spent)
                    .ThenBy(campaign => campaign.Settings.Id).Take(count).Select(campaign => campaign.View(now)),
            ],
            cancellation);
    }

    /// <inheritdoc/>
    public Task<CampaignView?> FindAsync(long id, CancellationToken cancellation)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        return _journal.ReadAsync(() => _directory.Find(id)?.View(now), cancellation);
    }

    /// <inheritdoc/>
    public async Task<CampaignView> PutAsync(CampaignSettings settings, long? ifVersion, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        MarketLevel market = await _journal.ReadAsync(Market, cancellation).ConfigureAwait(false);
        return await _commands.PutAsync(settings, ifVersion, market, cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks a campaign for the right to spend; see <see cref="CampaignLedger.RequestLease"/>.</summary>
    /// <exception cref="IOException">The lease could not be made durable and was not granted.</exception>
    public Task<LeaseGrant> RequestLeaseAsync(long campaign, int gateway, long epoch, Micros wanted,
        CancellationToken cancellation = default) => _directory.NumberOf(campaign) < 0
            ? Task.FromResult(new LeaseGrant(LedgerOutcome.UnknownCampaign))
            : _commands.RequestLeaseAsync(campaign, gateway, epoch, wanted, cancellation);

    /// <summary>Gives a lease back but for what ads already won may still cost; see <see cref="CampaignLedger.CloseLease"/>.</summary>
    /// <exception cref="IOException">It could not be made durable: the lease stands.</exception>
    public Task<LedgerOutcome> CloseLeaseAsync(
        long campaign, long lease, long epoch, Micros keep, CancellationToken cancellation = default) => _directory.NumberOf(campaign) < 0
            ? Task.FromResult(LedgerOutcome.UnknownCampaign)
            : _commands.CloseLeaseAsync(campaign, lease, epoch, keep, cancellation);

    /// <summary>Tells a campaign what a gateway did for it since its last report.</summary>
    /// <exception cref="InvalidRequestException">A number of the report makes no sense.</exception>
    /// <exception cref="IOException">It could not be made durable and was not taken in.</exception>
    public Task<LedgerOutcome> ReportAsync(long campaign, BidReport report, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(report);
        return _directory.NumberOf(campaign) < 0
            ? Task.FromResult(LedgerOutcome.UnknownCampaign) : _commands.ReportAsync(campaign, report, cancellation);
    }

    /// <summary>
    /// Reports on a campaign's days that are over, oldest first, and last on today so far. Empty for a campaign that is not there.
    /// </summary>
    public async Task<IReadOnlyList<CampaignDayReport>> ReportsAsync(long campaign, CancellationToken cancellation = default)
    {
        (CampaignDayReport[] past, DaySample? today) = await _journal.ReadAsync<(CampaignDayReport[], DaySample?)>(
            () => _directory.Find(campaign) is { } found ? ([.. found.Reports], found.TodaySample()) : ([], null),
            cancellation).ConfigureAwait(false);
        return today is null ? past : [.. past, CampaignDayReport.Of(today)];
    }

    /// <summary>Lets every campaign for which a tick is due decide; one that fails does not keep the others from it.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="IOException">A tick could not be made durable; it is due still.</exception>
    /// <exception cref="InvalidOperationException">A campaign failed at its tick; the message says which.</exception>
    public async Task<int> TickAsync(CancellationToken cancellation = default)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        (long Id, DaySample? Ending)[] due = await _journal.ReadAsync<(long, DaySample?)[]>(
            () =>
            [
                .. _directory.Campaigns.Where(campaign => campaign.NextDue <= now)
                    .Select(campaign => (campaign.Settings.Id, campaign.Ending(now))),
            ],
            cancellation).ConfigureAwait(false);

        // A few at a time, so that feedback and leases find their way in between.
        var failures = new List<Exception>();
        foreach ((long Id, DaySample? Ending)[] some in due.Chunk(TicksAtOnce))
        {
            Task ticks = Task.WhenAll(some.Select(campaign => TickAsync(campaign.Id, campaign.Ending, now, cancellation)));
            await ticks.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            failures.AddRange(ticks.Exception?.InnerExceptions ?? []);
        }
        if (failures.Count > 0)
            ExceptionDispatchInfo.Throw(failures.Find(failure => failure is IOException) ?? failures[0]);
        return due.Length;
    }

    private async Task TickAsync(long campaign, DaySample? ending, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            await _commands.TickAsync(campaign, now, ending, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (IOException or OperationCanceledException or ObjectDisposedException))
        {
            throw new InvalidOperationException($"The tick of campaign {campaign} failed: {e.Message}", e);
        }
    }

    private MarketLevel Market() =>
        _directory.Factory.Campaigns.Market.Observed(_directory.Campaigns.Select(campaign => campaign.Ledger.Today));
}
