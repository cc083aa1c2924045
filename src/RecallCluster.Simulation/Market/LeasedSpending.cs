using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>
/// A gateway's spending for one campaign: one open lease, asked for anew when it is used up or over, and the closed ones whose clicks may
/// still come. After a refusal it does not ask again for a while, as a gateway that asked at every auction would drown the ledger.
/// </summary>
internal sealed class LeasedSpending(CampaignLedger ledger, Micros leaseSize, WalletOptions options)
{
    private const int Gateway = 1;
    private const long Epoch = 1;
    private readonly Dictionary<long, LeaseWallet> _closed = [];
    private readonly Queue<LeaseWallet> _closedByTime = new();
    private LeaseWallet? _open;
    private DateTimeOffset _askAgain = DateTimeOffset.MinValue;

    /// <summary>Whether it is worth bidding: there is a lease, or one may be asked for.</summary>
    public bool CanSpend(DateTimeOffset now) => _open is not null || now >= _askAgain;

    /// <summary>Reserves for a win.</summary>
    /// <param name="lease">The lease it is won under.</param>
    /// <param name="win">Unique to the win.</param>
    /// <param name="now">When it is won.</param>
    /// <param name="price">What is charged, if anything is.</param>
    /// <param name="probability">That it is.</param>
    public bool TryReserve(out long lease, UInt128 win, DateTimeOffset now, Micros price, double probability)
    {
        if (_open is not null && _open.TryReserve(win, now, price, probability))
        {
            lease = _open.Lease.Id;
            return true;
        }
        lease = 0;
        if (now < _askAgain)
            return false;
        // A lease that holds twice the price has room for one more win, whatever its tail.
        Renew(now, Micros.Max(leaseSize, price + price));
        if (_open is null || !_open.TryReserve(win, now, price, probability))
        {
            _askAgain = now + ledger.Terms.LeaseTerm;
            Close(now);
            return false;
        }
        lease = _open.Lease.Id;
        return true;
    }

    /// <summary>Tells the wallet of a charge that the ledger has booked.</summary>
    public void Settle(long lease, UInt128 win, Micros charged)
    {
        if (_open is not null && _open.Lease.Id == lease)
            _open.Settle(win, charged);
        else if (_closed.TryGetValue(lease, out LeaseWallet? wallet))
            wallet.Settle(win, charged);
    }

    private void Renew(DateTimeOffset now, Micros wanted)
    {
        Close(now);
        while (_closedByTime.TryPeek(out LeaseWallet? oldest) && now - oldest.Lease.Expiry > options.EventWindow + options.ClockMargin)
            _closed.Remove(_closedByTime.Dequeue().Lease.Id);
        LeaseGrant grant = ledger.RequestLease(now, Gateway, Epoch, wanted);
        if (grant.Outcome == LedgerOutcome.Applied)
            _open = new LeaseWallet(grant.Lease, options);
    }

    private void Close(DateTimeOffset now)
    {
        if (_open is null)
            return;
        ledger.CloseLease(now, _open.Lease.Id, Epoch, _open.Reserved);
        _closed.Add(_open.Lease.Id, _open);
        _closedByTime.Enqueue(_open);
        _open = null;
    }
}
