using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Keeps wallets filled, in the background and ahead of need, so that no request waits for a lease; tells the ledgers what leases that
/// are over may still cost. One call at a time.
/// </summary>
internal sealed class WalletKeeper(WalletTable wallets, ILeases leases, int gateway, long epoch, TimeProvider businessClock)
{
    /// <summary>Least share of a day's budget that a lease is asked for: with the shortest terms, pacing decides.</summary>
    private const double LeastShare = 0.002;

    /// <summary>A lease is asked for as many times the even pace: traffic is never even.</summary>
    private const double PaceFactor = 4;

    /// <summary>After a refusal the next attempt waits for this part of a lease's term.</summary>
    private const double Backoff = 0.05;

    private readonly List<LeaseReport> _reports = [];
    private readonly List<Task> _asked = [];

    /// <summary>Looks after every campaign of the roster once.</summary>
    /// <exception cref="IOException">A ledger could not be told; the rest was looked after, and the next round tries again.</exception>
    public async Task KeepAsync(CampaignRoster roster, CancellationToken cancellation)
    {
        DateTimeOffset now = businessClock.GetUtcNow();
        wallets.Grow(roster.Count);
        _asked.Clear();
        for (int number = 0; number < roster.Count; number++)
        {
            if (roster[number] is not { } campaign)
                continue;
            CampaignWallet wallet = wallets[number];
            int before = _asked.Count;
            Tell(campaign, number, now, cancellation);
            // What is given back can be asked for, so it is told first: elsewhere calls may overtake each other.
            Task told = _asked.Count == before ? Task.CompletedTask : Task.WhenAll(_asked.GetRange(before, _asked.Count - before));
            bool isOn = !campaign.IsPaused && now >= campaign.Terms.FlightStart && now < campaign.Terms.FlightEnd;
            double share = Math.Clamp(PaceFactor * (campaign.Terms.LeaseTerm / TimeSpan.FromDays(1)), LeastShare, 1);
            if (isOn && wallet.WantsLease(now, share, campaign.Terms.DailyBudget, out Micros wanted))
                _asked.Add(AskAsync(campaign, number, wanted, told, cancellation));
        }
        await Task.WhenAll(_asked).ConfigureAwait(false);
    }

    /// <summary>Ends all leases: what is not needed for clicks that are out goes back to the campaigns.</summary>
    public async Task StopAsync(CampaignRoster roster, CancellationToken cancellation)
    {
        DateTimeOffset now = businessClock.GetUtcNow();
        _asked.Clear();
        for (int number = 0; number < roster.Count; number++)
        {
            if (roster[number] is not { } campaign)
                continue;
            wallets[number].Stop();
            Tell(campaign, number, now, cancellation);
        }
        await Task.WhenAll(_asked).ConfigureAwait(false);
    }

    private void Tell(CampaignSettings campaign, int number, DateTimeOffset now, CancellationToken cancellation)
    {
        _reports.Clear();
        wallets.SetRoom(number, wallets[number].Advance(now, _reports));
        foreach (LeaseReport report in _reports)
            _asked.Add(CloseAsync(campaign.Id, number, report, cancellation));
    }

    private async Task AskAsync(CampaignSettings campaign, int number, Micros wanted, Task told, CancellationToken cancellation)
    {
        CampaignWallet wallet = wallets[number];
        DateTimeOffset Later() => businessClock.GetUtcNow() + (campaign.Terms.LeaseTerm * Backoff);
        LeaseGrant grant;
        try
        {
            await told.ConfigureAwait(false);
            grant = await leases.RequestAsync(campaign.Id, gateway, epoch, wanted, cancellation).ConfigureAwait(false);
        }
        catch
        {
            wallet.Refused(Later());
            throw;
        }
        if (grant.Outcome != LedgerOutcome.Applied)
        {
            wallet.Refused(Later());
            return;
        }
        wallet.Granted(
            grant.Lease,
            new WalletOptions { ClockMargin = campaign.Terms.ClockMargin, EventWindow = campaign.Terms.EventWindow },
            businessClock.GetUtcNow(),
            Later());
        wallets.SetRoom(number, true);
    }

    private async Task CloseAsync(long campaign, int number, LeaseReport report, CancellationToken cancellation)
    {
        // A ledger that has forgotten the lease wants to hear no more of it either.
        await leases.CloseAsync(campaign, report.Lease, epoch, report.Keep, cancellation).ConfigureAwait(false);
        wallets[number].Reported(report);
    }
}
