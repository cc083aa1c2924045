using System.Diagnostics.CodeAnalysis;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// Ledgers by campaign, so that what is told about a campaign that does not exist has a defined answer too. Not thread-safe.
/// </summary>
public sealed class CampaignBook
{
    private readonly Dictionary<long, CampaignLedger> _ledgers = [];

    /// <summary>Things told about campaigns that are not there.</summary>
    public long UnknownCampaigns { get; private set; }

    /// <summary>Number of campaigns.</summary>
    public int Count => _ledgers.Count;

    /// <summary>Adds a campaign.</summary>
    /// <exception cref="ArgumentException">The campaign is there already.</exception>
    public void Add(CampaignLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        if (!_ledgers.TryAdd(ledger.Terms.CampaignId, ledger))
            throw new ArgumentException($"Campaign {ledger.Terms.CampaignId} has a ledger already.", nameof(ledger));
    }

    /// <summary>The ledger of a campaign.</summary>
    public bool TryGet(long campaign, [NotNullWhen(true)] out CampaignLedger? ledger) => _ledgers.TryGetValue(campaign, out ledger);

    /// <summary>Tells a campaign's ledger.</summary>
    public LedgerOutcome Apply(long campaign, LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return _ledgers.TryGetValue(campaign, out CampaignLedger? ledger) ? entry.ApplyTo(ledger) : Unknown();
    }

    /// <summary>Tells a campaign's ledger of an event.</summary>
    public FeedbackResult Feedback(long campaign, DateTimeOffset at, in FeedbackEvent feedback) =>
        _ledgers.TryGetValue(campaign, out CampaignLedger? ledger) ? ledger.Feedback(at, in feedback) : new FeedbackResult(Unknown());

    private LedgerOutcome Unknown()
    {
        UnknownCampaigns++;
        return LedgerOutcome.UnknownCampaign;
    }
}
