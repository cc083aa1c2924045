using FsCheck;
using FsCheck.Fluent;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Money;

public class LeaseWalletTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private static LeaseWallet Wallet(decimal amount, WalletOptions? options = null) =>
        new(new Lease(1, 1, 1, Micros.FromUnits(amount), Noon, Noon.AddMinutes(1)), options ?? new WalletOptions());

    [Fact]
    public void A_CPC_win_holds_its_expected_charge_and_the_tail_not_the_click_price()
    {
        LeaseWallet wallet = Wallet(100);
        int wins = 0;
        while (wallet.TryReserve((UInt128)wins, Noon, Micros.FromUnits(1), 0.01))
            wins++;
        double deviation = Math.Sqrt(wins * 0.01 * 0.99);
        Assert.InRange(wallet.Reserved.Value / 1e6, (wins * 0.01) + (2 * deviation) - 1e-3, (wins * 0.01) + (2 * deviation) + 1e-3);
        Assert.InRange(wins, 8000, 8300);
    }

    [Fact]
    public void A_CPM_win_holds_its_price_exactly()
    {
        LeaseWallet wallet = Wallet(1);
        for (int win = 0; win < 10; win++)
            Assert.True(wallet.TryReserve((UInt128)win, Noon, Micros.FromUnits(0.1m), 1));
        Assert.Equal(Micros.Zero, wallet.Available);
        Assert.False(wallet.TryReserve(11, Noon, new Micros(1), 1));
        wallet.Settle(3, Micros.Zero);
        Assert.Equal(Micros.FromUnits(0.1m), wallet.Available);
        wallet.Settle(4, Micros.FromUnits(0.1m));
        Assert.Equal((Micros.FromUnits(0.1m), Micros.FromUnits(0.1m), 8), (wallet.Available, wallet.Charged, wallet.Pending));
    }

    [Fact]
    public void Reserves_come_back_when_the_window_closes_and_nothing_is_won_near_the_expiry()
    {
        LeaseWallet wallet = Wallet(1, new WalletOptions { EventWindow = TimeSpan.FromSeconds(10) });
        Assert.True(wallet.TryReserve(1, Noon, Micros.FromUnits(1), 1));
        Assert.False(wallet.TryReserve(2, Noon.AddSeconds(9), Micros.FromUnits(1), 1));
        Assert.True(wallet.TryReserve(2, Noon.AddSeconds(10), Micros.FromUnits(1), 1));
        Assert.False(
            wallet.TryReserve(2, Noon.AddSeconds(30), Micros.Zero, 1) && wallet.TryReserve(2, Noon.AddSeconds(30), Micros.Zero, 1));
        Assert.True(wallet.IsOpen(Noon.AddSeconds(57.9)));
        Assert.False(wallet.TryReserve(3, Noon.AddSeconds(58), Micros.Zero, 1));
    }

    [Fact]
    public void A_win_that_stood_back_and_was_won_again_is_held_for_its_own_window()
    {
        LeaseWallet wallet = Wallet(1, new WalletOptions { EventWindow = TimeSpan.FromSeconds(10) });
        Assert.True(wallet.TryReserve(1, Noon, Micros.FromUnits(1), 1));
        wallet.Settle(1, Micros.Zero);
        Assert.True(wallet.TryReserve(1, Noon.AddSeconds(5), Micros.FromUnits(1), 1));
        wallet.Advance(Noon.AddSeconds(12));
        Assert.Equal(Micros.FromUnits(1), wallet.Reserved);
        wallet.Advance(Noon.AddSeconds(15));
        Assert.Equal((Micros.Zero, 0), (wallet.Reserved, wallet.Pending));
    }

    [Fact]
    public void What_was_reserved_comes_out_again_to_the_last_micro_unit() => Prop.ForAll<int>(seed =>
    {
        var random = new SeededRandom((ulong)seed);
        LeaseWallet wallet = Wallet(1_000_000);
        var wins = new List<UInt128>();
        for (int i = 0; i < 50; i++)
            if (wallet.TryReserve((UInt128)i, Noon, new Micros(random.NextInt(int.MaxValue)), random.NextDouble()))
                wins.Add((UInt128)i);
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(wins));
        foreach (UInt128 win in wins)
            wallet.Settle(win, Micros.Zero);
        Assert.Equal((Micros.Zero, wallet.Lease.Amount, 0), (wallet.Reserved, wallet.Available, wallet.Pending));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        LeaseWallet wallet = Wallet(1);
        foreach (double bad in new[] { double.NaN, -0.1, 1.1 })
            Assert.Throws<ArgumentOutOfRangeException>(() => wallet.TryReserve(1, Noon, new Micros(1), bad));
        Assert.Throws<ArgumentOutOfRangeException>(() => wallet.TryReserve(1, Noon, new Micros(-1), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => wallet.TryReserve(1, Noon, AuctionBid.MaxBid + new Micros(1), 1));
        Assert.False(wallet.TryReserve(1, Noon, AuctionBid.MaxBid, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => wallet.Settle(1, new Micros(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => wallet.Settle(1, new Micros(long.MaxValue)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Wallet(1, new WalletOptions { TailDeviations = double.NaN }));
    }
}
