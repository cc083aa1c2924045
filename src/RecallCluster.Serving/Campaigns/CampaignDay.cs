using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// A campaign's day: reports come in, at each tick its controller decides. A controller cannot be written down; all that it was told can
/// (<see cref="DayState"/>), and one of the same kind that is told it again decides the same from there on. It is made when it is needed,
/// and made anew when another one is to decide.
/// </summary>
internal sealed class CampaignDay
{
    private readonly ControllerVersions _controllers;
    private readonly PastDay? _past;
    private CampaignSettings _settings;
    private BidProduct _product;
    private string? _actors;
    private IBidControllerFactory? _maker;
    private IBidController? _controller;

    private CampaignDay(CampaignSettings settings, DayState state, PastDay? past, ControllerVersions controllers, string? actors)
    {
        (_settings, State, _past, _controllers, _actors) = (settings, state, past, controllers, actors);
        _product = BidProduct.ByName(settings.Product);
    }

    /// <summary>What a snapshot keeps.</summary>
    public DayState State { get; }

    /// <summary>Number of ticks.</summary>
    public int Ticks => State.Elapsed.Length - 1;

    /// <summary>When the next tick is due; the day's end when there is none left.</summary>
    public DateTimeOffset NextDue => TickStart(Math.Min(State.Tick + 1, Ticks));

    /// <summary>Auctions of the day that are at hand.</summary>
    public IEnumerable<SampleChunk> Chunks => State.Earlier.Concat(State.Inputs.SelectMany(input => input.Observed)).Concat(State.Open);

    /// <summary>Begins a day.</summary>
    /// <param name="settings">The campaign.</param>
    /// <param name="state">The day.</param>
    /// <param name="past">The day before.</param>
    /// <param name="controllers">The controllers that it can have.</param>
    /// <param name="actors">The version of their actors; null for the host's own.</param>
    public static CampaignDay Begin(
        CampaignSettings settings, DayState state, PastDay? past, ControllerVersions controllers, string? actors = null) =>
        new(settings, state, past, controllers, actors);

    /// <summary>Goes on with a day: a controller is made and told all that its forerunner was.</summary>
    public static CampaignDay Resume(
        CampaignSettings settings, DayState state, PastDay? past, ControllerVersions controllers, string? actors)
    {
        state.Check();
        var day = new CampaignDay(settings, state, past, controllers, actors);
        // What makes no sense shows here, where it is read.
        day.Controller();
        return day;
    }

    /// <summary>Takes in what a gateway did. Sums of KPIs that the campaign no longer has are left out.</summary>
    public void Take(BidReport report, int samplesPerTick)
    {
        int kpis = Kpis().Length;
        bool fits = report.Numerators.Count == kpis && report.Denominators.Count == kpis;
        State.Pending = State.Pending.Plus(new SumsState(
            report.Auctions, report.Wins, 0, report.Value, fits ? [.. report.Numerators] : [], fits ? [.. report.Denominators] : []));
        State.AuctionsByTick[Math.Max(0, State.Tick)] += report.Auctions;
        if (report.Sample.Count == 0)
            return;
        State.Open.Add(SampleChunk.Of(report));
        int held = State.Open.Sum(chunk => chunk.Count);
        if (held > 2 * samplesPerTick || State.Open.Count > samplesPerTick)
            Condense(samplesPerTick);
    }

    /// <summary>Lets the controller decide if a tick is due.</summary>
    /// <param name="at">The business clock, inside the day.</param>
    /// <param name="spent">Charged since the day began, in units of the currency.</param>
    /// <param name="budget">What the day is to spend, as it stands.</param>
    /// <param name="samplesPerTick">Most sampled auctions that are kept of the tick.</param>
    /// <param name="describe">Makes the entry of the day's history.</param>
    /// <returns>Whether there was a tick.</returns>
    public bool TickAt(DateTimeOffset at, double spent, double budget, int samplesPerTick, Func<double[], CampaignTick> describe)
    {
        int tick = State.Tick;
        while (tick + 1 < Ticks && TickStart(tick + 1) <= at)
            tick++;
        if (tick == State.Tick)
            return false;

        if (State.Open.Sum(chunk => chunk.Count) > samplesPerTick)
            Condense(samplesPerTick);

        // A day's first decision is tick 0, whenever it comes.
        tick = State.Tick < 0 ? 0 : tick;
        SumsState last = State.Pending with { Spent = spent - State.Total.Spent };
        SumsState total = State.Total.Plus(last);
        var input = new TickInput(tick, budget, total, last, State.Weights, [.. State.Open]);
        State.Weights = FiniteWeights.Of(Tell(Controller(), input), Observed(input), State.Weights);
        State.Inputs.Add(input);
        (State.Tick, State.Total, State.Pending) = (tick, total, SumsState.Zero);
        State.Open.Clear();
        State.History.Add(describe(State.Weights));
        return true;
    }

    /// <summary>
    /// The campaign's settings have changed. A controller of other KPIs, limits or kind is replaced: it is told of the day so far as though
    /// it had been
    /// there, or, where another product makes its sums meaningless, it begins as on a new day.
    /// </summary>
    public void Change(CampaignSettings settings, double[] estimate)
    {
        bool sameProduct = settings.Product == _settings.Product;
        bool same = sameProduct && settings.Controller == _settings.Controller && settings.MaxCpc == _settings.MaxCpc
            && settings.MinCtr == _settings.MinCtr;
        _settings = settings;
        if (same)
            return;
        _product = BidProduct.ByName(settings.Product);
        State.StartWeights = sameProduct ? State.Weights : estimate;
        State.Weights = State.StartWeights;
        if (!sameProduct)
        {
            State.First = new DayStart(settings.Product, estimate, State.GoalBudget);
            Forget();
        }
        _controller = null;
        Controller();
    }

    /// <summary>
    /// Another version of the actors is to decide. A controller that has one is replaced by one that is told of the day so far, and goes on
    /// from the weights in force.
    /// </summary>
    public void Use(string? actors)
    {
        _actors = actors;
        if (!ControllerCatalogue.IsTrained(_settings.Controller))
            return;
        State.StartWeights = State.Weights;
        _controller = null;
    }

    /// <summary>The day's auctions and sums.</summary>
    /// <param name="spent">Charged since the day began.</param>
    /// <param name="budget">Its budget, or the part to judge by.</param>
    public DaySample Sample(double spent, double budget)
    {
        TickSums total = (State.Total.Plus(State.Pending) with { Spent = spent }).ToSums();
        return new DaySample(State.Date, _product, Goal(budget), total, [.. Chunks]);
    }

    /// <summary>What the next day may know of this one.</summary>
    public PastDay Close()
    {
        bool whole = State.AuctionsByTick.Count(auctions => auctions > 0) >= 0.9 * State.AuctionsByTick.Length;
        // The budget may have been changed since the day began.
        DayStart? first = State.First is { } start ? start with { Budget = State.Inputs.LastOrDefault()?.Budget ?? start.Budget } : null;
        return new PastDay([.. Chunks], whole ? State.AuctionsByTick : null, first);
    }

    private DateTimeOffset TickStart(int tick) =>
        tick >= Ticks ? State.End : State.Start + ((State.End - State.Start) * ((double)tick / Ticks));

    private CampaignGoal Goal(double budget) => _product.Goal(budget, _settings.MaxCpc ?? double.NaN, _settings.MinCtr ?? double.NaN);

    private ReadOnlySpan<KpiConstraint> Kpis() => Goal(0).Kpis;

    /// <summary>
    /// The controller that decides. A version that was not at hand when one was made, as where a snapshot is read before the versions are,
    /// may be at hand now.
    /// </summary>
    private IBidController Controller()
    {
        IBidControllerFactory maker = _controllers.Of(_actors).For(_settings.Controller, _settings.Product);
        if (_controller is { } made && maker == _maker)
            return made;
        var setting = new ControllerSetting(
            Goal(State.GoalBudget), FiniteWeights.Read(State.StartWeights), SampleChunk.JoinAny(_product, _past?.Chunks ?? []));
        (_maker, _controller) = (maker, maker.Create(setting));
        foreach (TickInput input in State.Inputs)
            Tell(_controller, input);
        return _controller;
    }

    private BidWeights Tell(IBidController controller, TickInput input)
    {
        if (controller is ILogController watching)
        {
            foreach (SampleChunk chunk in input.Observed)
                watching.Observe(chunk.Log(_product), chunk.Weight);
        }
        return controller.Decide(new ControlState
        {
            Tick = input.Tick,
            Ticks = Ticks,
            Elapsed = State.Elapsed[input.Tick],
            TickShare = State.Elapsed[input.Tick + 1] - State.Elapsed[input.Tick],
            Budget = input.Budget,
            Total = input.Total.ToSums(),
            Last = input.Last.ToSums(),
            Weights = FiniteWeights.Read(input.Weights),
        });
    }

    private AuctionLog? Observed(TickInput input) =>
        input.Observed.Count > 0 ? SampleChunk.Join(_product, input.Observed, out _)
        : _past is { Chunks.Count: > 0 } ? SampleChunk.Join(_product, _past.Chunks, out _) : null;

    // Many small reports become one chunk. Where its first auction is taken moves with the traffic, or what each report brings last would
    // always go.
    private void Condense(int samples)
    {
        double phase = State.Pending.Auctions * 0.6180339887498949 % 1;
        SampleChunk whole = SampleChunk.Merge(State.Open, phase);
        State.Open.Clear();
        State.Open.Add(whole.Thin((whole.Count + samples - 1) / samples));
    }

    private void Forget()
    {
        State.Earlier.AddRange(State.Inputs.SelectMany(input => input.Observed));
        State.Inputs.Clear();
        State.Total = State.Total with { Value = 0, Numerators = [], Denominators = [] };
        State.Pending = State.Pending with { Value = 0, Numerators = [], Denominators = [] };
        if (State.Tick >= 0)
            State.Inputs.Add(new TickInput(0, State.GoalBudget, SumsState.Zero, SumsState.Zero, State.StartWeights, []));
    }
}
