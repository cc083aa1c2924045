using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Gateway;

namespace RecallCluster.Serving.Tests.Market;

public class CampaignWalletTests
{
    private static readonly DateTimeOffset Start = LoopWorld.Start;
    private static readonly WalletOptions Options = new() { TailDeviations = 0 };
    private readonly CampaignWallet _wallet = new();

    [Fact]
    public void A_lease_is_asked_for_once_and_again_ahead_of_its_end()
    {
        Assert.True(Wants(Start, out Micros first));
        Assert.False(Wants(Start, out _));
        Grant(1, first, Start);
        Assert.False(Wants(Start + TimeSpan.FromSeconds(30), out _));
        Assert.True(Wants(Start + TimeSpan.FromSeconds(45), out _));
        _wallet.Refused(Start + TimeSpan.FromSeconds(50));
        Assert.False(Wants(Start + TimeSpan.FromSeconds(49), out _));
        Assert.True(Wants(Start + TimeSpan.FromSeconds(50), out _));
    }

    [Fact]
    public void An_ad_that_is_too_dear_makes_the_next_lease_large_enough()
    {
        Grant(1, new Micros(10_000), Start);

        Assert.False(_wallet.TryReserve(7, Start, new Micros(40_000), 1, out _));
        Assert.True(Wants(Start, out Micros wanted));

        Assert.True(wanted >= new Micros(120_000), $"only {wanted} is asked for");
    }

    [Fact]
    public void What_old_leases_may_still_cost_is_told_until_nothing_is_left()
    {
        Grant(1, new Micros(1_000), Start);
        Assert.True(_wallet.TryReserve(1, Start, new Micros(300), 1, out long lease));
        Assert.True(_wallet.TryReserve(2, Start, new Micros(100), 1, out _));
        Grant(2, new Micros(1_000), Start + TimeSpan.FromSeconds(50));
        Assert.Equal(1, lease);

        Assert.Equal([new LeaseReport(1, new Micros(400))], Told(Start + TimeSpan.FromSeconds(50)));
        Assert.Empty(Told(Start + TimeSpan.FromSeconds(50)));
        _wallet.Settle(1, 1, new Micros(300));
        Assert.Equal([new LeaseReport(1, new Micros(100))], Told(Start + TimeSpan.FromSeconds(51)));
        _wallet.Settle(1, 2, Micros.Zero);
        Assert.Equal([new LeaseReport(1, Micros.Zero)], Told(Start + TimeSpan.FromSeconds(52)));
        Assert.Empty(Told(Start + TimeSpan.FromSeconds(53)));
        Assert.Equal(new Micros(1_000), _wallet.Available);
    }

    [Fact]
    public void What_comes_free_while_the_ledger_is_told_is_told_next()
    {
        Grant(1, new Micros(1_000), Start);
        Assert.True(_wallet.TryReserve(1, Start, new Micros(300), 1, out _));
        Grant(2, new Micros(1_000), Start + TimeSpan.FromSeconds(50));
        var reports = new List<LeaseReport>();
        _wallet.Advance(Start + TimeSpan.FromSeconds(50), reports);
        Assert.Equal([new LeaseReport(1, new Micros(300))], reports);

        _wallet.Settle(1, 1, Micros.Zero);
        reports.ForEach(_wallet.Reported);

        Assert.Equal([new LeaseReport(1, Micros.Zero)], Told(Start + TimeSpan.FromSeconds(51)));
        Assert.Empty(Told(Start + TimeSpan.FromSeconds(52)));
    }

    [Fact]
    public void A_smaller_lease_does_not_take_the_place_of_what_is_still_good_for_more()
    {
        Grant(1, new Micros(1_000), Start);
        Grant(2, new Micros(10), Start + TimeSpan.FromSeconds(1));

        Assert.Equal(new Micros(1_000), _wallet.Available);
        Assert.Equal([new LeaseReport(2, Micros.Zero)], Told(Start + TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_lease_that_has_expired_is_not_spent_from()
    {
        Grant(1, new Micros(1_000), Start);

        Assert.Equal([new LeaseReport(1, Micros.Zero)], Told(Start + TimeSpan.FromSeconds(59)));
        Assert.False(_wallet.TryReserve(1, Start + TimeSpan.FromSeconds(59), new Micros(1), 1, out _));
    }

    private bool Wants(DateTimeOffset now, out Micros wanted) => _wallet.WantsLease(now, 0.01, Micros.FromUnits(1), out wanted);

    private void Grant(long id, Micros amount, DateTimeOffset now) => _wallet.Granted(
        new Lease(id, 0, 1, amount, now, now + TimeSpan.FromMinutes(1)), Options, now, now + TimeSpan.FromSeconds(3));

    private List<LeaseReport> Told(DateTimeOffset now)
    {
        var reports = new List<LeaseReport>();
        _wallet.Advance(now, reports);
        reports.ForEach(_wallet.Reported);
        return reports;
    }
}
