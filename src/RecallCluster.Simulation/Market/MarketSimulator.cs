using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>
/// Days of a market in which our campaigns, each with its controller, compete with each other and with rivals, through the real auctions,
/// leases and ledgers. Equal worlds, campaigns and controllers give equal days, on any number of threads.
/// </summary>
/// <remarks>
/// <code>
///  generate blocks (parallel) ──► bids of the user's segment + rivals ──► auction ──► reserve ──► impression ──► ledger
///                                       ▲                                               │  no room: again without it
///         controllers, once a tick ─────┘     clicks, conversions, after their delays ◄─┘
/// </code>
/// Auctions sell as many slots as the world has position factors. All bid for the best; in another a click is by that slot's factor less
/// likely, and an impression costs by it less. Money is what the ledgers say; value and KPIs that controllers see are predictions, as in a
/// live system.
/// </remarks>
public sealed class MarketSimulator
{
    private const double EcpmMicrosPerUnit = 1000.0 * Micros.PerUnit;
    private const long RivalAd = long.MaxValue;
    private const int RivalAdvertiser = -1;
    private const int EventsPerWin = 4;

    private readonly MarketWorld _world;
    private readonly IAuction _auction;
    private readonly CampaignSeat[] _seats;
    private readonly AuctionBid[][] _bids;
    private readonly BlockPipeline _pipeline;
    private readonly PriorityQueue<DelayedEvent, (DateTimeOffset At, UInt128 Id)> _events = new();
    private readonly double[] _positionFactors;
    private readonly int _slots;
    private readonly AuctionWin[] _wins;
    private readonly WonPlace[] _places;
    private readonly Micros _floor;
    private readonly MarketCaps? _caps;
    private readonly bool[] _capped;
    private UInt128 _nextWin;
    private int _nextDay;
    private int _placesWon;
    private long _auctions, _wonByUs;
    private bool _logs;

    /// <summary>A market.</summary>
    /// <param name="world">Its users, ads and rivals.</param>
    /// <param name="campaigns">As many campaigns as the world has.</param>
    /// <param name="controllers">The controller of each.</param>
    /// <param name="auction">How slots are sold; second price when null, generalised where there are several.</param>
    /// <param name="threads">Threads to use: one holds the auctions, the others generate ahead.</param>
    /// <exception cref="ArgumentException">
    /// Numbers do not fit, a campaign's parts do not, or the auction cannot sell so many slots.
    /// </exception>
    public MarketSimulator(
        MarketWorld world, IReadOnlyList<MarketCampaign> campaigns, IReadOnlyList<IBidController> controllers, IAuction? auction = null,
        int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(campaigns);
        ArgumentNullException.ThrowIfNull(controllers);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        int count = world.Options.Campaigns;
        if (campaigns.Count != count || controllers.Count != count)
            throw new ArgumentException(
                $"The world has {count} campaigns; {campaigns.Count} campaigns and {controllers.Count} controllers were given.");
        _world = world;
        _positionFactors = [.. world.Options.PositionFactors];
        _slots = _positionFactors.Length;
        (_wins, _places) = (new AuctionWin[_slots], new WonPlace[_slots]);
        _auction = auction ?? (_slots == 1 ? new SecondPriceAuction() : new GeneralizedSecondPriceAuction());

        // An auction that cannot sell so many slots says so, whoever bids.
        _auction.Run(new AuctionRequest(_slots), [], _wins);
        _seats = [.. Enumerable.Range(0, count).Select(i => new CampaignSeat(i, campaigns[i], controllers[i], world.Options.Start))];
        _bids = [.. world.Segments.Select(BidsOf)];
        _pipeline = new BlockPipeline(world, threads > 1 ? 2 * (threads - 1) : 0);
        _floor = Micros.Ceiling(world.Options.Floor * Micros.PerUnit);
        _caps = MarketCaps.Of(campaigns);
        _capped = new bool[world.Segments.Max(segment => segment.Campaigns.Length)];
    }

    private ReadOnlySpan<WonPlace> Places => _places.AsSpan(0, _placesWon);

    /// <summary>Gives a campaign another controller, from the next day on.</summary>
    public void SetController(int campaign, IBidController controller)
    {
        ArgumentNullException.ThrowIfNull(controller);
        _seats[campaign].Controller = controller;
    }

    /// <summary>Keeps, or no longer keeps, every auction that a campaign could have bid in, for the report of the next days.</summary>
    public void KeepLog(int campaign, bool keep) => _seats[campaign].KeepsLog = keep;

    /// <summary>The state of a campaign's ledger.</summary>
    public CampaignState LedgerOf(int campaign) => _seats[campaign].Ledger.ToState();

    /// <summary>Runs the next day.</summary>
    public MarketDay RunDay()
    {
        int day = _nextDay++, ticks = _world.Options.TicksPerDay, begun = 0;
        double elapsed = 0;
        (_auctions, _wonByUs) = (0, 0);
        foreach (CampaignSeat seat in _seats)
            seat.BeginDay(_world.Options.Start.AddDays(day), ticks, _slots);
        _logs = _seats.Any(seat => seat.Logs);
        foreach ((int tick, AuctionBlock? block) in _pipeline.Day(day))
        {
            if (tick == begun)
            {
                DeliverUntil(_world.Options.Start.AddDays(day) + (TimeSpan.FromDays(1) * tick / ticks));
                foreach (CampaignSeat seat in _seats)
                    seat.BeginTick(tick, elapsed, _world.TrafficShare(tick));
                elapsed += _world.TrafficShare(tick);
                begun++;
            }
            if (block is not null)
                Hold(block);
        }
        DeliverUntil(_world.Options.Start.AddDays(day + 1));
        return new MarketDay(day, _auctions, _wonByUs, _seats.Sum(seat => seat.Charged), [.. _seats.Select(seat => seat.EndDay())]);
    }

    private void Hold(AuctionBlock block)
    {
        for (int i = 0; i < block.Count; i++)
        {
            DateTimeOffset now = _world.Options.Start.AddTicks((long)(block.Seconds[i] * TimeSpan.TicksPerSecond));
            DeliverUntil(now);
            Hold(block, i, now);
        }
        _auctions += block.Count;
    }

    private void Hold(AuctionBlock block, int i, DateTimeOffset now)
    {
        int user = block.Users[i], segmentIndex = _world.SegmentIndexOf(user);
        MarketSegment segment = _world.Segments[segmentIndex];
        AuctionBid[] bids = _bids[segmentIndex];
        ReadOnlySpan<float> clicks = block.Clicks.AsSpan(i * block.Stride), conversions = block.Conversions.AsSpan(i * block.Stride);
        for (int position = 0; position < segment.Campaigns.Length; position++)
        {
            CampaignSeat seat = _seats[segment.Campaigns[position]];
            if (_caps is not null)
            {
                _capped[position] = !_caps.Allows(user, segment.Campaigns[position], now);
                if (_capped[position])
                {
                    bids[position].Bid = Micros.Zero;
                    continue;
                }
            }
            bids[position].Bid = seat.Bid(clicks[position], conversions[position], now);
            bids[position].ClickProbability = clicks[position];
        }
        for (int slot = 0; slot < _slots; slot++)
            bids[segment.Campaigns.Length + slot].Bid = new Micros(block.Rivals[(i * _slots) + slot]);

        // Where somebody stands back it is held again: the prices of those before it were what kept them ahead of it.
        int sold;
        bool isHeld;
        do
            isHeld = TrySell(block, i, now, bids, out sold);
        while (!isHeld);
        _nextWin += (uint)_slots;
        foreach (ref readonly WonPlace place in Places)
        {
            int campaign = segment.Campaigns[place.Position];
            _seats[campaign].Take(in place);
            _caps?.Record(user, campaign, now);
            _wonByUs++;
            Happen(block, i, now, _seats[campaign], in place);
        }
        if (_logs)
            Log(segment, clicks, conversions, sold);
    }

    /// <summary>Holds an auction and reserves for what our campaigns won; where one has to stand back, nothing is sold.</summary>
    private bool TrySell(AuctionBlock block, int i, DateTimeOffset now, AuctionBid[] bids, out int sold)
    {
        int user = block.Users[i];
        MarketSegment segment = _world.SegmentOf(user);
        var request = new AuctionRequest(_slots, _floor);
        sold = _auction.Run(in request, bids, _wins).Sold;
        _placesWon = 0;
        for (int slot = 0; slot < sold; slot++)
        {
            int position = _wins[slot].Bid;
            if (position >= segment.Campaigns.Length)
                continue;
            double factor = _positionFactors[slot], conversion = block.Conversions[(i * block.Stride) + position];
            double click = factor * block.Clicks[(i * block.Stride) + position];
            double trueClick = factor * _world.TrueClick(user, position, block.ClickShift);
            var place = new WonPlace(
                _nextWin + (uint)slot, slot, position, PriceOf(in _wins[slot], factor), _wins[slot].IsPerClick, click, trueClick,
                conversion);
            if (!_seats[segment.Campaigns[position]].TryReserve(in place, now, out long lease))
            {
                bids[position].Bid = Micros.Zero;
                foreach (ref readonly WonPlace other in Places)
                    _seats[segment.Campaigns[other.Position]].Release(in other);
                return false;
            }
            _places[_placesWon++] = place with { Lease = lease };
        }
        return true;
    }

    // A bid for impressions is for those of the best slot: others are worth, and cost, the part of it that they have of its clicks.
    private static Micros PriceOf(in AuctionWin win, double factor) =>
        win.IsPerClick ? win.Price : Micros.Ceiling(win.Price.Value * factor);

    /// <summary>
    /// What comes of a win. A uniform draw below a probability is, divided by it, uniform again: the delay needs no draw of its own.
    /// </summary>
    private void Happen(AuctionBlock block, int i, DateTimeOffset now, CampaignSeat seat, in WonPlace place)
    {
        Micros perClick = place.IsPerClick ? place.Price : Micros.Zero;
        UInt128 firstEvent = place.Id * EventsPerWin;
        var impression = new FeedbackEvent(firstEvent, FeedbackKind.Impression, place.Lease, now, place.Price - perClick);
        seat.Deliver(now, place.Id, place.Slot, in impression);
        double clickDraw = block.ClickDraws[(i * _slots) + place.Slot];
        if (clickDraw >= place.TrueClick)
            return;
        DateTimeOffset clickAt = now.AddSeconds(_world.Options.ClickDelaySeconds * -Math.Log(1 - (clickDraw / place.TrueClick)));
        Schedule(seat, clickAt, in place, new FeedbackEvent(firstEvent + 1, FeedbackKind.Click, place.Lease, now, perClick));
        double trueConversion = _world.TrueConversion(block.Users[i], place.Position);
        double conversionDraw = block.ConversionDraws[(i * _slots) + place.Slot];
        if (conversionDraw >= trueConversion)
            return;
        DateTimeOffset convertAt = clickAt.AddHours(_world.Options.ConversionDelayHours * -Math.Log(1 - (conversionDraw / trueConversion)));
        Schedule(seat, convertAt, in place, new FeedbackEvent(firstEvent + 2, FeedbackKind.Conversion, place.Lease, now, Micros.Zero));
    }

    private void Schedule(CampaignSeat seat, DateTimeOffset at, in WonPlace place, in FeedbackEvent feedback) =>
        _events.Enqueue(new DelayedEvent(seat, at, place.Id, place.Slot, feedback), (at, feedback.Id));

    private void DeliverUntil(DateTimeOffset now)
    {
        while (_events.TryPeek(out DelayedEvent due, out _) && due.At <= now)
        {
            _events.Dequeue();
            due.Seat.Deliver(due.At, due.Win, due.Slot, in due.Feedback);
        }
    }

    /// <summary>
    /// Writes down what the auction brought and cost the winners, and what it would have brought and cost the others: the slot that they
    /// could have had with the least, the last one or the first that nobody bought.
    /// </summary>
    private void Log(MarketSegment segment, ReadOnlySpan<float> clicks, ReadOnlySpan<float> conversions, int sold)
    {
        int within = Math.Min(sold, _slots - 1);
        double ofLast = _positionFactors[within];
        double toBeat = ofLast * ((sold > within ? _wins[within].Ecpm : _floor).Value / EcpmMicrosPerUnit);
        for (int position = 0; position < segment.Campaigns.Length; position++)
        {
            CampaignSeat seat = _seats[segment.Campaigns[position]];
            if (seat.Logs && !_capped[position] && !Won(position))
                seat.Log(ofLast * clicks[position], conversions[position], toBeat);
        }
        foreach (ref readonly WonPlace place in Places)
        {
            CampaignSeat seat = _seats[segment.Campaigns[place.Position]];
            if (seat.Logs)
                seat.Log(place.Click, place.Conversion, place.Price.Value / (double)Micros.PerUnit * (place.IsPerClick ? place.Click : 1));
        }
    }

    private bool Won(int position)
    {
        foreach (ref readonly WonPlace place in Places)
            if (place.Position == position)
                return true;
        return false;
    }

    private AuctionBid[] BidsOf(MarketSegment segment)
    {
        var bids = new AuctionBid[segment.Campaigns.Length + _slots];
        for (int position = 0; position < segment.Campaigns.Length; position++)
        {
            int campaign = segment.Campaigns[position];
            bids[position] = new AuctionBid
            {
                AdId = campaign,
                AdvertiserId = campaign,
                Pricing = _seats[campaign].Campaign.Pricing,
                Bid = Micros.Zero,
            };
        }
        for (int rival = 0; rival < _slots; rival++)
        {
            bids[segment.Campaigns.Length + rival] = new AuctionBid
            {
                AdId = RivalAd - rival,
                AdvertiserId = RivalAdvertiser - rival,
                Pricing = PricingModel.Cpm,
                Bid = Micros.Zero,
            };
        }
        return bids;
    }

    private readonly struct DelayedEvent(CampaignSeat seat, DateTimeOffset at, UInt128 win, int slot, FeedbackEvent feedback)
    {
        public readonly FeedbackEvent Feedback = feedback;

        public CampaignSeat Seat => seat;

        public DateTimeOffset At => at;

        public UInt128 Win => win;

        public int Slot => slot;
    }
}
