using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// The wallets of a gateway by campaign number, and a set of the campaigns that seem to have room. The set is a hint that requests read
/// without a lock; whether there is room is decided by the wallet when an ad reserves.
/// </summary>
internal sealed class WalletTable
{
    private readonly Lock _growing = new();
    private volatile Table _table = new([], []);

    /// <summary>Makes room for campaigns that are new.</summary>
    public void Grow(int campaigns)
    {
        lock (_growing)
        {
            Table old = _table;
            if (campaigns <= old.Wallets.Length)
                return;
            var wallets = new CampaignWallet[Math.Max(campaigns, old.Wallets.Length * 2)];
            old.Wallets.CopyTo(wallets, 0);
            for (int number = old.Wallets.Length; number < wallets.Length; number++)
                wallets[number] = new CampaignWallet();
            var room = new ulong[Bits.Words(wallets.Length)];
            old.Room.CopyTo(room, 0);
            // A hint that is written to the old set meanwhile is lost until the keeper's next round.
            _table = new Table(wallets, room);
        }
    }

    /// <summary>The wallet of a campaign.</summary>
    public CampaignWallet this[int campaign] => _table.Wallets[campaign];

    /// <summary>The campaigns that seem to have room.</summary>
    public ReadOnlySpan<ulong> Room => _table.Room;

    /// <summary>Reserves for an ad that is about to be delivered.</summary>
    /// <returns>Whether there was room; when not, the campaign stands back until it has new room.</returns>
    public bool TryReserve(int campaign, UInt128 win, DateTimeOffset now, Micros price, double probability, out long lease)
    {
        if (this[campaign].TryReserve(win, now, price, probability, out lease))
            return true;
        SetRoom(campaign, false);
        return false;
    }

    /// <summary>A win's charge is known: zero frees its reserve.</summary>
    public void Settle(int campaign, long lease, UInt128 win, Micros charged)
    {
        if (this[campaign].Settle(lease, win, charged))
            SetRoom(campaign, true);
    }

    /// <summary>Corrects the hint.</summary>
    public void SetRoom(int campaign, bool hasRoom)
    {
        ref ulong word = ref _table.Room[campaign >> 6];
        ulong bit = 1UL << campaign;
        if ((Volatile.Read(ref word) & bit) != 0 == hasRoom)
            return;
        if (hasRoom)
            Interlocked.Or(ref word, bit);
        else
            Interlocked.And(ref word, ~bit);
    }

    private sealed record Table(CampaignWallet[] Wallets, ulong[] Room);
}
