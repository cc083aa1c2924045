using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>A campaign at work: its controller and weights, its ledger and leases, and the sums of its day.</summary>
internal sealed class CampaignSeat
{
    private const double MicrosPerUnit = Micros.PerUnit;
    private const double EcpmMicrosPerUnit = 1000 * MicrosPerUnit;

    /// <summary>
    /// A lease is this part of the day's budget: small enough that little is tied up, large enough to last for some hundred wins.
    /// </summary>
    private const long LeasesPerBudget = 200;
    private readonly int _number;
    private readonly LeasedSpending _spending;
    private readonly OpportunityLog _log;
    private readonly double[] _p, _q;
    private BidFormula _formula;
    private BidWeights _weights;
    private TickSums _total, _last;
    private BidWeights[] _weightsByTick = [];
    private double[] _spentBy = [];
    private SlotCounts[] _slots = [];
    private long _declined, _conversions, _freeEvents;
    private int _loggedBefore;
    private DateTimeOffset _dayStart;

    public CampaignSeat(int number, MarketCampaign campaign, IBidController controller, DateTimeOffset start)
    {
        campaign.Check();
        _number = number;
        Campaign = campaign;
        Controller = controller;
        var terms = new CampaignTerms
        {
            CampaignId = number,
            TimeZone = "Etc/UTC",
            DailyBudget = Micros.Floor(campaign.Goal.Budget * MicrosPerUnit),
            FlightStart = start,
            Pacing = campaign.Pacing,
            LeaseTerm = TimeSpan.FromMinutes(5),
            ClockMargin = TimeSpan.Zero,
        };
        Ledger = new CampaignLedger(terms);
        var options = new WalletOptions { ClockMargin = terms.ClockMargin, EventWindow = terms.EventWindow };
        var leaseSize = new Micros(Math.Max(1, terms.DailyBudget.Value / LeasesPerBudget));
        _spending = new LeasedSpending(Ledger, leaseSize, options);
        _log = new OpportunityLog(campaign);
        _p = new double[campaign.KpiEvents.Count];
        _q = [.. Enumerable.Repeat(1.0, _p.Length)];
    }

    public MarketCampaign Campaign { get; }

    public IBidController Controller { get; set; }

    public CampaignLedger Ledger { get; }

    /// <summary>Whether every auction is kept, for the day's report.</summary>
    public bool KeepsLog { get; set; }

    /// <summary>Whether auctions are kept today, for the report or for the controller.</summary>
    public bool Logs { get; private set; }

    /// <summary>What was charged during the day, units of the currency; also for clicks on ads won the day before.</summary>
    public double Charged { get; private set; }

    /// <summary>Begins a day of so many ticks, whose auctions sell so many slots.</summary>
    public void BeginDay(DateTimeOffset start, int ticks, int slots)
    {
        _dayStart = start;
        Logs = KeepsLog || Controller is ILogController;
        Charged = 0;
        (_total, _last) = (default, default);
        (_declined, _conversions, _freeEvents) = (0, 0, 0);
        _slots = new SlotCounts[slots];
        _weightsByTick = new BidWeights[ticks];
        _spentBy = new double[ticks];
        _log.Clear();
        _loggedBefore = 0;
    }

    public void BeginTick(int tick, double elapsed, double tickShare)
    {
        if (tick > 0 && Logs && Controller is ILogController observer)
        {
            observer.Observe(_log.ToLog(_loggedBefore), 1);
            _loggedBefore = _log.Count;
        }
        _total.Add(in _last);
        if (tick > 0)
            _spentBy[tick - 1] = _total.Spent;
        var state = new ControlState
        {
            Tick = tick,
            Ticks = _weightsByTick.Length,
            Elapsed = elapsed,
            TickShare = tickShare,
            Budget = Campaign.Goal.Budget,
            Total = _total,
            Last = _last,
            Weights = _weights,
        };
        _weights = Controller.Decide(in state);
        _weightsByTick[tick] = _weights;
        _formula = new BidFormula(Campaign.Goal.Kpis, in _weights, Campaign.BidCap);
        _last = default;
    }

    public CampaignDay EndDay()
    {
        _total.Add(in _last);
        _last = default;
        _spentBy[^1] = _total.Spent;
        return new CampaignDay
        {
            Campaign = _number,
            Budget = Campaign.Goal.Budget,
            Sums = _total,
            Declined = _declined,
            Slots = _slots,
            Clicks = _slots.Sum(slot => slot.Clicks),
            Conversions = _conversions,
            FreeEvents = _freeEvents,
            TrueClicks = _slots.Sum(slot => slot.TrueClicks),
            Weights = _weightsByTick,
            SpentBy = _spentBy,
            Auctions = KeepsLog ? _log.ToLog(0) : null,
        };
    }

    /// <summary>The campaign's bid, in the auction's terms; zero while there is nothing to spend.</summary>
    public Micros Bid(double click, double conversion, DateTimeOffset now)
    {
        _last.Auctions++;
        if (!_spending.CanSpend(now))
            return Micros.Zero;
        for (int j = 0; j < _p.Length; j++)
            _p[j] = Worth(Campaign.KpiEvents[j], click, conversion);
        double perImpression = _formula.Bid(Worth(Campaign.Value, click, conversion), _p, _q);
        double bid = Campaign.Pricing == PricingModel.Cpm ? perImpression * EcpmMicrosPerUnit : perImpression * MicrosPerUnit / click;
        return new Micros((long)Math.Min(bid, AuctionBid.MaxBid.Value));
    }

    /// <summary>What the auction would have cost or did cost the campaign, units of the currency.</summary>
    public void Log(double click, double conversion, double cost) => _log.Add(click, conversion, cost);

    /// <summary>Reserves for a slot that it has won, or stands back when no lease has room for it.</summary>
    /// <param name="place">The slot.</param>
    /// <param name="now">When.</param>
    /// <param name="lease">The lease that it is won under.</param>
    public bool TryReserve(in WonPlace place, DateTimeOffset now, out long lease)
    {
        if (_spending.TryReserve(out lease, place.Id, now, place.Price, place.IsPerClick ? place.Click : 1))
            return true;
        _declined++;
        return false;
    }

    /// <summary>Gives back what was reserved: the auction is held again, because somebody else stood back.</summary>
    public void Release(in WonPlace place) => _spending.Settle(place.Lease, place.Id, Micros.Zero);

    /// <summary>Takes a slot for which it has reserved.</summary>
    public void Take(in WonPlace place)
    {
        ref SlotCounts slot = ref _slots[place.Slot];
        slot = slot with { Wins = slot.Wins + 1, TrueClicks = slot.TrueClicks + place.TrueClick };
        _last.Wins++;
        _last.Value += Worth(Campaign.Value, place.Click, place.Conversion);
        for (int j = 0; j < _p.Length; j++)
        {
            double numerator = Campaign.Goal.Kpis[j].Kind == KpiKind.Other ? 1 : 0;
            _last.AddKpi(j, numerator, Worth(Campaign.KpiEvents[j], place.Click, place.Conversion));
        }
    }

    /// <summary>
    /// Takes in an event of a win in a slot: the ledger decides what is charged, the wallet and the day's sums learn of it.
    /// </summary>
    public void Deliver(DateTimeOffset at, UInt128 win, int slot, in FeedbackEvent feedback)
    {
        FeedbackResult result = Ledger.Feedback(at, in feedback);
        if (result.Outcome != LedgerOutcome.Applied)
            return;
        if (feedback.Kind == FeedbackKind.Click)
            _slots[slot] = _slots[slot] with { Clicks = _slots[slot].Clicks + 1 };
        else if (feedback.Kind == FeedbackKind.Conversion)
            _conversions++;
        if (result.Free > Micros.Zero)
            _freeEvents++;
        if (feedback.Price == Micros.Zero)
            return;
        _spending.Settle(feedback.Lease, win, result.Charged);
        double charged = result.Charged.Value / MicrosPerUnit;
        Charged += charged;

        // The controller steers today's budget; a click on yesterday's ad was paid from yesterday's.
        if (feedback.AuctionAt < _dayStart)
            return;
        _last.Spent += charged;
        for (int j = 0; j < _p.Length; j++)
            if (Campaign.Goal.Kpis[j].Kind == KpiKind.CostRelated)
                _last.AddKpi(j, charged, 0);
    }

    private static double Worth(MarketEvent of, double click, double conversion) => of switch
    {
        MarketEvent.Impression => 1,
        MarketEvent.Click => click,
        _ => click * conversion,
    };
}
