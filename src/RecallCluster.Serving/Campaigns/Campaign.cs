using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// One campaign: settings, ledger, controller. A single-writer state machine that is told things in order and never asks for the time.
/// <code>
///  Put ──► settings ──► ledger (budget, flight, pause)          leases, events ──► ledger
///  reports (sums, sampled auctions) ──► day ──► tick: controller ──► weights ──► Changed ──► bid book
/// </code>
/// </summary>
internal sealed partial class Campaign : IStateMachine
{
    private readonly CampaignOptions _options;
    private readonly ControllerVersions _controllers;
    private CampaignSettings? _settings;
    private CampaignLedger? _ledger;
    private CampaignCalendar? _calendar;
    private CampaignDay? _day;
    private PastDay? _past;
    private double[] _nextWeights = [];
    private string? _actors;
    private DateTimeOffset _createdAt, _leasedUntil = DateTimeOffset.MinValue;
    private List<CampaignDayReport> _reports = [];

    public Campaign(string key, CampaignOptions options, ControllerVersions controllers)
    {
        Key = key;
        (_options, _controllers) = (options, controllers);
    }

    /// <summary>Called when something that the bid book shows has changed.</summary>
    public Action<Campaign>? Changed { get; set; }

    public string Key { get; }

    /// <summary>Whether it was ever made.</summary>
    public bool Exists => _settings is not null;

    public CampaignSettings Settings => _settings ?? throw NotThere();

    public CampaignLedger Ledger => _ledger ?? throw NotThere();

    /// <summary>Grows by one with every edit; 0 before it is made.</summary>
    public long Version { get; private set; }

    /// <summary>Bid weights in force.</summary>
    public IReadOnlyList<double> Weights => _day?.State.Weights ?? _nextWeights;

    /// <summary>Days that are over, oldest first.</summary>
    public IReadOnlyList<CampaignDayReport> Reports => _reports;

    /// <summary>When it should be told of the time next.</summary>
    public DateTimeOffset NextDue =>
        _day is { } day ? day.NextDue
        : Ledger.Now < Settings.Terms.FlightStart ? Settings.Terms.FlightStart
        : DateTimeOffset.MaxValue;

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        CampaignCommand command = record.Read(ServingJson.Default.CampaignCommand);
        if (command is PutCommand put)
            return Put(put);
        if (!Exists)
            return new Applied(new AdEventResult(LedgerOutcome.UnknownCampaign, default, default), (byte)LedgerOutcome.UnknownCampaign);
        CampaignStatus before = StatusAt(Ledger.Now);
        Applied result = command switch
        {
            LeaseCommand lease => Lease(lease),
            CloseCommand close => Outcome(Ledger.CloseLease(close.At, close.Lease, close.Epoch, close.Keep)),
            EventCommand feedback => Take(feedback),
            ReportCommand report => Take(report),
            TickCommand tick => Tick(tick),
            _ => throw new InvalidDataException($"Journal record {record.Sequence}: a campaign knows no {command.GetType().Name}."),
        };
        if (StatusAt(Ledger.Now) != before)
            Changed?.Invoke(this);
        return result;
    }

    /// <summary>Whether it can be shown, or why not.</summary>
    public CampaignStatus StatusAt(DateTimeOffset at) =>
        Settings.IsPaused ? CampaignStatus.Paused
        : at < Settings.Terms.FlightStart ? CampaignStatus.NotStarted
        : at >= Settings.Terms.FlightEnd ? CampaignStatus.Ended
        : (Ledger.Today.Uncommitted == Micros.Zero || Ledger.LifetimeLeft == Micros.Zero) && at >= _leasedUntil ? CampaignStatus.BudgetSpent
        : CampaignStatus.Active;

    /// <summary>How it did today, against the optimum over the auctions seen so far.</summary>
    public DaySample? TodaySample()
    {
        if (_day is null)
            return null;
        DateTimeOffset now = Ledger.Now < _day.State.End ? Ledger.Now : _day.State.End;
        double course = Math.Clamp((now - _day.State.Start) / (_day.State.End - _day.State.Start), 0.01, 1);
        return _day.Sample(SpentOn(_day.State.Date), Planned(_day.State).ToUnits() * course);
    }

    /// <summary>Whether its controller is one that is trained.</summary>
    public bool IsTrained => ControllerCatalogue.IsTrained(Settings.Controller);

    /// <summary>
    /// Auctions to try actors on: those of today so far or those of yesterday, of whichever more were sampled, played from the weights that
    /// that day began with. A day whose first weights are not known, or are another product's, is passed over; null where none is left.
    /// </summary>
    public ActorTrial? Trial()
    {
        if (!IsTrained || TodaySample() is not { } today)
            return null;
        IReadOnlyList<SampleChunk> past = _past?.Chunks ?? [];
        DayStart? now = StartOf(_day!.State.First), before = StartOf(_past?.First);
        if (before is not null && (now is null || past.Sum(chunk => chunk.Count) > today.Chunks.Sum(chunk => chunk.Count)))
            return Trial(today.Product, today.Goal.WithBudget(before.Budget), past, [], before);
        return now is null ? null : Trial(today.Product, today.Goal, today.Chunks, past, now);
    }

    /// <summary>The day to be closed by a tick at <paramref name="at"/>; null when none ends before that.</summary>
    public DaySample? Ending(DateTimeOffset at) =>
        _day is { } day && at >= day.State.End ? day.Sample(SpentOn(day.State.Date), Planned(day.State).ToUnits()) : null;

    private DayStart? StartOf(DayStart? day) => day?.Product == Settings.Product ? day : null;

    private ActorTrial Trial(
        BidProduct product, CampaignGoal goal, IReadOnlyList<SampleChunk> chunks, IReadOnlyList<SampleChunk> history, DayStart start) =>
        new(Settings.Controller, product, goal, chunks, history, [.. start.Weights], _options.TicksPerDay);

    private static Applied Outcome(LedgerOutcome outcome) => new(outcome, (byte)outcome);

    private static InvalidOperationException NotThere() => new("The campaign was not made yet.");

    private Applied Put(PutCommand put)
    {
        if (put.IfVersion is { } wanted && wanted != Version)
            return new Applied(new VersionConflictException(wanted, Version), Applied.Failed);
        if (!Exists)
            Create(put);
        else if (CampaignEdit.Forbidden(Settings, put.Settings) is { } complaint)
            return new Applied(complaint, Applied.Failed);
        else
            Edit(put);
        Version++;
        _settings = put.Settings with { Terms = Ledger.Terms };
        if (_day is null)
            Pass(put.At, null);
        else
            Ledger.Advance(put.At);
        Changed?.Invoke(this);
        return new Applied(View(put.At));
    }

    private void Create(PutCommand put)
    {
        _ledger = new CampaignLedger(put.Settings.Terms);
        _calendar = new CampaignCalendar(put.Settings.Terms.TimeZone);
        _settings = put.Settings;
        (_createdAt, _actors) = (put.At, put.Actors);
        _nextWeights = put.Settings.StartWeights is { } given ? [.. given] : put.Estimate;
        _ledger.SetPaused(put.At, put.Settings.IsPaused);
    }

    private void Edit(PutCommand put)
    {
        CampaignSettings old = Settings, wanted = put.Settings;
        if (!CampaignEdit.SamePacing(old.Terms, wanted.Terms))
        {
            CampaignTerms terms = Ledger.Terms with
            {
                Pacing = wanted.Terms.Pacing,
                TrafficByHour = wanted.Terms.TrafficByHour,
                LeaseTerm = wanted.Terms.LeaseTerm,
            };
            _ledger = new CampaignLedger(Ledger.ToState() with { Terms = terms });
        }
        if (wanted.Terms.DailyBudget != Ledger.Terms.DailyBudget)
            Ledger.SetBudget(put.At, wanted.Terms.DailyBudget);
        if (wanted.Terms.LifetimeBudget != Ledger.Terms.LifetimeBudget)
            Ledger.SetLifetimeBudget(put.At, wanted.Terms.LifetimeBudget);
        if (wanted.Terms.FlightStart != Ledger.Terms.FlightStart || wanted.Terms.FlightEnd != Ledger.Terms.FlightEnd)
            Ledger.SetFlight(put.At, wanted.Terms.FlightStart, wanted.Terms.FlightEnd);
        if (wanted.IsPaused != Ledger.IsPaused)
            Ledger.SetPaused(put.At, wanted.IsPaused);
        double[] estimate = wanted.StartWeights is { } given ? [.. given] : put.Estimate;
        if (wanted.Product != old.Product)
            _nextWeights = estimate;
        _settings = wanted;
        _day?.Change(wanted, estimate);
    }

    private Applied Lease(LeaseCommand lease)
    {
        LeaseGrant grant = Ledger.RequestLease(lease.At, lease.Gateway, lease.Epoch, lease.Wanted);
        if (grant.Outcome == LedgerOutcome.Applied && grant.Lease.Expiry > _leasedUntil)
            _leasedUntil = grant.Lease.Expiry;
        return new Applied(grant, (byte)grant.Outcome);
    }

    private Applied Take(EventCommand command)
    {
        FeedbackResult result = Ledger.Feedback(command.At, Charging.EventOf(command.Event));
        return new Applied(new AdEventResult(result.Outcome, result.Charged, result.Free), (byte)result.Outcome);
    }

    private Applied Take(ReportCommand command)
    {
        // Only a tick ends a day, with the day's report in hand: what comes between midnight and the tick counts for the day before.
        if (_day is null)
            Pass(command.At, null);
        _day?.Take(command.Report, _options.SamplesPerTick);
        return Outcome(LedgerOutcome.Applied);
    }

    private Applied Tick(TickCommand command)
    {
        if (command.Actors != _actors)
        {
            _actors = command.Actors;
            _day?.Use(_actors);
        }
        Pass(command.At, command.Closing);
        return Outcome(LedgerOutcome.Applied);
    }

    /// <summary>Lets time pass: a day that is over is closed, one that has come begins, a tick that is due is decided.</summary>
    private void Pass(DateTimeOffset at, CampaignDayReport? closing)
    {
        Ledger.Advance(at);
        DateTimeOffset now = Ledger.Now;
        if (_day is { } past && now >= past.State.End)
            Close(past, closing);
        if (now < Settings.Terms.FlightStart || now >= Settings.Terms.FlightEnd)
            return;
        _day ??= Begin(now);
        double spent = SpentOn(_day.State.Date), budget = Planned(_day.State).ToUnits();
        if (_day.TickAt(now, spent, budget, _options.SamplesPerTick, weights => Describe(now, weights)))
            Changed?.Invoke(this);
    }

    private void Close(CampaignDay day, CampaignDayReport? report)
    {
        if (report?.Date != day.State.Date)
            report = null;
        _past = day.Close();
        _nextWeights = report is { OptimalWeights.Count: > 0 } && report.OptimalWeights.Count == day.State.Weights.Length
            ? [.. report.OptimalWeights]
            : day.State.Weights;
        if (report is not null)
        {
            _reports.Add(report);
            while (_reports.Count > _options.DayReports)
                _reports.RemoveAt(0);
        }
        _day = null;
    }

    private CampaignDay Begin(DateTimeOffset now)
    {
        CampaignTerms terms = Ledger.Terms;
        BudgetDay today = _calendar!.DayOf(now);
        DateTimeOffset start = Latest(today.Start, terms.FlightStart, _createdAt);
        DateTimeOffset end = today.End < terms.FlightEnd ? today.End : terms.FlightEnd;
        TimeSpan tick = TimeSpan.FromDays(1) / _options.TicksPerDay;
        int ticks = Math.Max(1, (int)Math.Ceiling((end - start) / tick));
        double budget = Planned(today.Date, start, end).ToUnits();
        var state = new DayState
        {
            Date = today.Date,
            Start = start,
            End = end,
            Elapsed = DayCourse.Of(start, end, ticks, terms, _calendar, _past),
            GoalBudget = budget,
            First = new DayStart(Settings.Product, _nextWeights, budget),
            StartWeights = _nextWeights,
            Weights = _nextWeights,
            AuctionsByTick = new long[ticks],
        };
        return CampaignDay.Begin(Settings, state, _past, _controllers, _actors);
    }

    private double SpentOn(DateOnly date) => (AccountOf(date)?.Spent ?? Micros.Zero).ToUnits();

    private DayAccount? AccountOf(DateOnly date) => Ledger.Days.FirstOrDefault(day => day.Day.Date == date);

    private Micros Planned(DayState day) => Planned(day.Date, day.Start, day.End);

    /// <summary>What a day is to spend, by its own budget and the flight's.</summary>
    private Micros Planned(DateOnly date, DateTimeOffset start, DateTimeOffset end)
    {
        DayAccount? account = AccountOf(date);
        return FlightPlan.DayBudget(
            Ledger, account?.Budget ?? Ledger.Terms.DailyBudget, account?.Spent ?? Micros.Zero, start, end);
    }

    private static DateTimeOffset Latest(params ReadOnlySpan<DateTimeOffset> times)
    {
        DateTimeOffset latest = times[0];
        foreach (DateTimeOffset time in times)
            latest = time > latest ? time : latest;
        return latest;
    }
}
