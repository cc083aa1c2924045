using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Tests.State;

public class CampaignTests
{
    public static TheoryData<string, string> Products => new()
    {
        { "fb", "click" }, { "pid", "click-cpc" }, { "m-pid", "conversion-cpc" }, { "dual", "click-ctr" }, { "replan", "click-cpc" },
            { "uscb", "impression-ctr" },
    };

    [Theory]
    [MemberData(nameof(Products))]
    public async Task A_campaign_goes_on_after_restarts_as_though_there_had_been_none(string controller, string product)
    {
        using StateFile restarted = new(), steady = new();
        var options = new ServingStateOptions { Journal = new JournalOptions { SnapshotShare = 0.3 } };
        ManualClock clockA = new(ManualClock.Morning), clockB = new(ManualClock.Morning);
        ServingState a = await restarted.OpenAsync(clockA, options);
        await using ServingState b = await steady.OpenAsync(clockB, options);
        CampaignSettings settings = Some.Campaign(1, ManualClock.Morning, product, controller);
        await a.Campaigns.PutAsync(settings, 0, default);
        await b.Campaigns.PutAsync(settings, 0, default);
        SeededRandom randomA = new(5), randomB = new(5);
        for (int step = 0; step < 130; step++)
        {
            await StepAsync(a, clockA, randomA, step);
            await StepAsync(b, clockB, randomB, step);
            if (step % 17 == 16)
            {
                await a.DisposeAsync();
                a = await restarted.OpenAsync(clockA, options);
                Assert.Equal(await SnapshotAsync(b), await SnapshotAsync(a));
            }
        }
        Assert.Equal(await SnapshotAsync(b), await SnapshotAsync(a));
        await a.Calibrator.RefitAsync(clockA.Now, default);
        await b.Calibrator.RefitAsync(clockB.Now, default);
        Assert.Equal(b.Directory.Current.Book.Campaigns[0], a.Directory.Current.Book.Campaigns[0]);
        CampaignDayReport day = (await a.Campaigns.ReportsAsync(1))[0];
        Assert.True(day.OptimalValue > 0);
        await a.DisposeAsync();
    }

    [Fact]
    public async Task A_controller_moves_the_weights_through_the_day_and_the_next_begins_with_the_optimum()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        CampaignView made = await state.Campaigns.PutAsync(Some.Campaign(1, ManualClock.Morning, "click", "replan", budget: 20), 0,
            default);
        var random = new SeededRandom(3);
        for (int step = 0; step < 95; step++)
            await StepAsync(state, clock, random, step);
        CampaignView evening = (await state.Campaigns.FindAsync(1, default))!;
        Assert.True(evening.Ticks.Count >= 46, $"{evening.Ticks.Count} ticks");
        Assert.NotEqual(made.Weights, evening.Weights);
        await StepAsync(state, clock, random, 95);
        await state.PassAsync();
        IReadOnlyList<CampaignDayReport> reports = await state.Campaigns.ReportsAsync(1);
        Assert.Equal(2, reports.Count);
        Assert.True(reports[0].IsBudgetBound);
        Assert.False(reports[0].IsKpiBound);
        CampaignView morning = (await state.Campaigns.FindAsync(1, default))!;
        Assert.Equal(reports[0].OptimalWeights, morning.Ticks[0].Weights);
        Assert.Equal(reports[0].Date.AddDays(1), morning.Today.Day.Date);
        Assert.True(reports[0].Spent > morning.Today.Spent.Value / 1e6);
    }

    [Fact]
    public async Task Sums_of_a_report_that_do_not_fit_the_campaign_are_left_out()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        await state.Campaigns.PutAsync(Some.Campaign(1, ManualClock.Morning), 0, default);
        var report = new BidReport { Auctions = 10, Wins = 1, Value = 0.1, Numerators = [0.5], Denominators = [] };
        byte[] payload = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new ReportCommand(clock.Now, report), ServingJson.Default.CampaignCommand);
        await state.Journal.AppendAsync(CampaignDirectory.KeyOf(1), payload, [], default);
        clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, await state.Campaigns.TickAsync());

        Assert.True((await state.Campaigns.FindAsync(1, default))!.Ticks.Count > 1);
    }

    [Fact]
    public async Task Edits_need_the_version_that_they_are_based_on()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        CampaignSettings settings = Some.Campaign(1, ManualClock.Morning);
        Assert.Equal(1, (await state.Campaigns.PutAsync(settings, 0, default)).Version);
        VersionConflictException exists = await Assert.ThrowsAsync<VersionConflictException>(() => state.Campaigns.PutAsync(settings, 0,
            default));
        Assert.Equal(1, exists.Actual);
        CampaignView edited = await state.Campaigns.PutAsync(settings with
        {
            Name = "other",
            Terms = settings.Terms with { DailyBudget = Some.Units(5) }
        }, 1, default);
        Assert.Equal((2L, "other", Some.Units(5)), (edited.Version, edited.Settings.Name, edited.Today.Budget));
        await Assert.ThrowsAsync<VersionConflictException>(() => state.Campaigns.PutAsync(settings, 1, default));
        Assert.Equal(3, (await state.Campaigns.PutAsync(settings, null, default)).Version);
    }

    [Fact]
    public async Task A_flights_budget_is_edited_like_a_days_and_ends_the_campaign_when_it_is_spent()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        ServingState state = await file.OpenAsync(clock);
        CampaignSettings settings = Some.Campaign(1, ManualClock.Morning);
        settings = settings with
        {
            Terms = settings.Terms with { LifetimeBudget = Some.Units(30), Pacing = PacingMode.AsFastAsPossible },
        };
        await state.Campaigns.PutAsync(settings, 0, default);
        LeaseGrant first = await state.Campaigns.RequestLeaseAsync(1, 1, 1, Some.Units(1000));
        Assert.Equal(Some.Units(30), first.Lease.Amount);
        clock.Advance(settings.Terms.LeaseTerm);
        Assert.Equal(CampaignStatus.BudgetSpent, (await state.Campaigns.FindAsync(1, default))!.Status);

        CampaignView raised = await state.Campaigns.PutAsync(
            settings with { Terms = settings.Terms with { LifetimeBudget = Some.Units(42) } }, null, default);
        Assert.Equal((CampaignStatus.Active, Some.Units(42)), (raised.Status, raised.Settings.Terms.LifetimeBudget));
        await state.DisposeAsync();
        state = await file.OpenAsync(clock);
        Assert.Equal(Some.Units(12), (await state.Campaigns.RequestLeaseAsync(1, 1, 1, Some.Units(1000))).Lease.Amount);
        await state.Campaigns.PutAsync(settings with { Terms = settings.Terms with { LifetimeBudget = null } }, null, default);
        Assert.Equal(Some.Units(58), (await state.Campaigns.RequestLeaseAsync(1, 1, 1, Some.Units(1000))).Lease.Amount);
        await state.DisposeAsync();
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_with_the_field_named()
    {
        using var file = new StateFile();
        await using ServingState state = await file.OpenAsync(new ManualClock(ManualClock.Morning));
        CampaignSettings good = Some.Campaign(1, ManualClock.Morning);
        await state.Campaigns.PutAsync(good, 0, default);
        (string Field, CampaignSettings Settings)[] bad =
        [
            ("id", good with { Id = 0 }),
            ("product", good with { Product = "fame" }),
            ("maxCpc", good with { MaxCpc = null }),
            ("controller", good with { Controller = "luck" }),
            ("startWeights", good with { StartWeights = [1, 2, 3] }),
            ("terms", good with { Terms = good.Terms with { TimeZone = "Nowhere/Land" } }),
            ("terms.campaignId", good with { Terms = good.Terms with { CampaignId = 2 } }),
            ("caps[0].withinMs", good with { Caps = [new FrequencyRule(1, TimeSpan.FromDays(400))] }),
            ("advertiserId", good with { AdvertiserId = 77 }),
            ("timeZone", good with { Terms = good.Terms with { TimeZone = "Europe/Berlin" } }),
            ("targeting.hours", good with { Targeting = new Targeting { Hours = [24] } }),
        ];
        foreach ((string field, CampaignSettings settings) in bad)
            Assert.Equal(field, (await Assert.ThrowsAsync<InvalidRequestException>(() => state.Campaigns.PutAsync(settings, null,
                default))).Field);
        Assert.Equal(1, (await state.Campaigns.FindAsync(1, default))!.Version);
    }

    [Fact]
    public async Task The_book_shows_who_may_bid()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        CampaignSettings settings = Some.Campaign(1, ManualClock.Morning.AddHours(1));
        var books = new List<BidBook>();
        state.Directory.Published += published => books.Add(published.Book);
        Assert.Equal(CampaignStatus.NotStarted, (await state.Campaigns.PutAsync(settings, 0, default)).Status);
        Assert.Equal(0, (await EntryAsync(state)).Cap);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await state.Campaigns.TickAsync());
        Assert.True((await EntryAsync(state)).Cap > 0);
        await state.Campaigns.PutAsync(settings with { IsPaused = true }, null, default);
        Assert.Equal(0, (await EntryAsync(state)).Cap);
        await state.Campaigns.PutAsync(settings with { MaxBid = Some.Units(0.25) }, null, default);
        Assert.Equal(0.25, (await EntryAsync(state)).Cap);
        Assert.Equal("2/1", (await EntryAsync(state)).Context);

        // All of the budget is leased: whoever holds the lease may bid, once it is over nobody may.
        LeaseGrant grant = await state.Campaigns.RequestLeaseAsync(1, 1, 1, Some.Units(1000));
        Assert.Equal(Some.Units(100), grant.Lease.Amount);
        Assert.True((await EntryAsync(state)).Cap > 0);
        clock.Advance(TimeSpan.FromMinutes(61));
        await state.Campaigns.TickAsync();
        Assert.Equal(0, (await EntryAsync(state)).Cap);
        Assert.Equal(CampaignStatus.BudgetSpent, (await state.Campaigns.FindAsync(1, default))!.Status);
        clock.Advance(TimeSpan.FromHours(1));
        await state.Campaigns.TickAsync();
        Assert.True((await EntryAsync(state)).Cap > 0);
        Assert.Equal(books.Select(book => book.Version).Order(), books.Select(book => book.Version));
    }

    [Fact]
    public async Task Spend_and_leases_never_exceed_the_budget_whatever_happens()
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            using var file = new StateFile();
            var clock = new ManualClock(ManualClock.Morning);
            await using ServingState state = await file.OpenAsync(clock);
            CampaignSettings settings = Some.Campaign(1, ManualClock.Morning, budget: 3);
            await state.Campaigns.PutAsync(settings, 0, default);
            var random = new SeededRandom(seed);
            Lease lease = default;
            for (int step = 0; step < 200; step++)
            {
                clock.Advance(TimeSpan.FromMinutes(random.NextInt(12)));
                LeaseGrant grant = await state.Campaigns.RequestLeaseAsync(1, 1 + random.NextInt(2), 1,
                    Some.Units(random.NextDouble() + 0.01));
                lease = grant.Outcome == LedgerOutcome.Applied ? grant.Lease : lease;
                var win = new UInt128(seed, (ulong)random.NextInt(150));
                await state.Feedback.AcceptAsync([Some.Event(AdEventKind.Click, Some.Win(1, lease, clock.Now, win))], default);
                DayAccount today = (await state.Campaigns.FindAsync(1, default))!.Today;
                Assert.True(today.Committed <= today.Limit);
            }
            Assert.True((await state.Campaigns.FindAsync(1, default))!.TotalSpent > Micros.Zero);
        }
    }

    [Fact]
    public void A_line_of_the_book_bids_what_the_formula_bids()
    {
        var random = new SeededRandom(9);
        foreach (BidProduct product in BidProduct.All)
        {
            CampaignGoal goal = product.Goal(100, 0.7, 0.02);
            for (int trial = 0; trial < 200; trial++)
            {
                double[] w = [random.NextDouble() * 2, .. Enumerable.Range(0, goal.Kpis.Length).Select(_ => random.NextDouble())];
                double p = random.NextDouble() * 0.2, conversion = random.NextDouble();
                var formula = new BidFormula(goal.Kpis, FiniteWeights.Read(w), 0.5);
                LinearBid line = LinearBid.Of(product, goal.Kpis, FiniteWeights.Read(w), conversion);
                var log = product.Columns(new double[] { 0 }, new[] { p }, new[] { conversion });
                var expected = new double[1];
                formula.Bid(log, 0, expected);
                Assert.Equal(expected[0], new BidBookEntry(1, "1/1", line.Slope, line.Offset, 0.5).Bid(p), 12);
            }
        }
    }

    [Fact]
    public void A_thinned_sample_stands_for_as_many_auctions()
    {
        var report = new BidReport
        {
            Auctions = 900,
            Wins = 0,
            Value = 0,
            SampleWeight = 9,
            Sample = [.. Enumerable.Range(0, 100).Select(i => new AuctionSample(0.01f * i / 100, i))]
        };
        SampleChunk thin = SampleChunk.Of(report).Thin(7);
        Assert.Equal(900, thin.Count * thin.Weight, 9);
        var log = SampleChunk.Join(BidProduct.Click, [thin, SampleChunk.Of(report)], out double weight);
        Assert.Equal(1800, log.Count * weight, 9);
        Assert.InRange(log.Count, 28, 31);
    }

    [Fact]
    public void Many_small_reports_leave_a_sample_of_the_whole_tick()
    {
        CampaignSettings settings = Some.Campaign(1, ManualClock.Morning);
        var state = new DayState
        {
            Date = new DateOnly(2026, 3, 2),
            Start = ManualClock.Morning,
            End = ManualClock.Morning.AddDays(1),
            Elapsed = [0, 0.5, 1],
            GoalBudget = 1,
            StartWeights = [1, 0.5],
            Weights = [1, 0.5],
            AuctionsByTick = new long[2],
        };
        CampaignDay day = CampaignDay.Begin(settings, state, null, new ControllerVersions(new BidControllers()));
        for (int i = 0; i < 3000; i++)
            day.Take(new BidReport { Auctions = 7, Wins = 0, Value = 0, SampleWeight = 7, Sample = [new AuctionSample(0.1f, i)] }, 64);
        SampleChunk whole = SampleChunk.Merge(state.Open, 0.5);
        Assert.InRange(state.Open.Sum(chunk => chunk.Count), 32, 128);
        Assert.Equal(21_000, whole.Count * whole.Weight, 6);
        ReadOnlySpan<double> cost = whole.Log(BidProduct.Click).Cost;
        Assert.InRange(cost.ToArray().Average(), 1200, 1800);
        Assert.InRange(cost.ToArray().Count(c => c > 2000), 0.2 * cost.Length, 0.47 * cost.Length);
    }

    [Fact]
    public async Task A_day_plans_no_more_than_its_share_of_what_the_flight_has_left()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        ServingState state = await file.OpenAsync(clock);
        CampaignSettings settings = Some.Campaign(1, ManualClock.Morning, controller: "replan");
        settings = settings with
        {
            Terms = settings.Terms with
            {
                Pacing = PacingMode.Even,
                FlightEnd = ManualClock.Morning.AddDays(4),
                DailyBudget = Some.Units(20),
                LifetimeBudget = Some.Units(40),
            },
        };
        await state.Campaigns.PutAsync(settings, 0, default);

        // Day 1: 10 of 40, of which 6 are spent.
        await DayAsync(6);
        // Day 2: 34 / 3; the flight's budget is raised while it runs, so that 54 / 3 are within its own 20. Nothing is spent.
        await state.Campaigns.TickAsync();
        CampaignView raised = (await state.Campaigns.FindAsync(1, default))!;
        await state.Campaigns.PutAsync(
            raised.Settings with { Terms = raised.Settings.Terms with { LifetimeBudget = Some.Units(60) } }, raised.Version, default);
        await state.DisposeAsync();
        state = await file.OpenAsync(clock);
        await DayAsync(0);
        // Day 3: 54 / 2 is more than a day's own budget.
        await DayAsync(0);
        // The last day: all of 54, but again no more than 20.
        CampaignView last = (await state.Campaigns.FindAsync(1, default))!;
        Assert.Equal(0, last.PlannedShare, 3);

        double[] budgets = [.. (await state.Campaigns.ReportsAsync(1)).Select(day => day.Budget)];
        Assert.Equal(10, budgets[0], 6);
        Assert.Equal(18, budgets[1], 6);
        Assert.Equal(20, budgets[2], 6);
        await state.DisposeAsync();

        async Task DayAsync(double spend)
        {
            clock.Advance(TimeSpan.FromHours(12));
            LeaseGrant grant = await state.Campaigns.RequestLeaseAsync(1, 1, 1, Some.Units(8));
            if (spend > 0)
            {
                Win win = Some.Win(1, grant.Lease, clock.Now, new UInt128(1, 1), price: spend);
                await state.Feedback.AcceptAsync([Some.Event(AdEventKind.Click, win)], default);
                CampaignView noon = (await state.Campaigns.FindAsync(1, default))!;
                Assert.Equal(Some.Units(spend), noon.Today.Spent);
                // Half of the day's 10, as a share of its own budget of 20.
                Assert.Equal(0.25, noon.PlannedShare, 3);
            }
            await state.Campaigns.TickAsync();
            clock.Advance(TimeSpan.FromHours(12));
            await state.Campaigns.TickAsync();
        }
    }

    [Fact]
    public void What_a_flight_has_left_is_spread_over_its_days()
    {
        CampaignTerms terms = Some.Campaign(1, ManualClock.Morning).Terms with
        {
            Pacing = PacingMode.Even,
            FlightEnd = ManualClock.Morning.AddDays(10),
            LifetimeBudget = Some.Units(50),
        };
        Assert.Equal(Some.Units(5), Plan(terms, 20));
        Assert.Equal(Some.Units(3), Plan(terms, 3));
        Assert.Equal(Some.Units(20), Plan(terms with { LifetimeBudget = null }, 20));
        Assert.Equal(Some.Units(0), Plan(terms with { LifetimeBudget = Micros.Zero }, 20));
        // Without an end, or without pacing, there is nothing to spread by.
        Assert.Equal(Some.Units(50), Plan(terms with { FlightEnd = DateTimeOffset.MaxValue }, 70));
        Assert.Equal(Some.Units(50), Plan(terms with { Pacing = PacingMode.AsFastAsPossible }, 70));
        // The flight was cut to end within the day.
        Assert.Equal(Some.Units(50), Plan(terms with { FlightEnd = ManualClock.Morning.AddHours(3) }, 70));

        static Micros Plan(CampaignTerms terms, double budget)
        {
            var ledger = new CampaignLedger(terms);
            ledger.Advance(ManualClock.Morning);
            return FlightPlan.DayBudget(ledger, Some.Units(budget), Micros.Zero, ManualClock.Morning, ManualClock.Morning.AddDays(1));
        }
    }

    internal static async Task StepAsync(ServingState state, ManualClock clock, SeededRandom random, int step)
    {
        clock.Advance(TimeSpan.FromMinutes(15));
        LeaseGrant grant = await state.Campaigns.RequestLeaseAsync(1, 1, 1, Some.Units(1.5));
        long auctions = 200 + random.NextInt(200);
        double clicks = 0;
        for (int i = 0; i < 3 && grant.Outcome == LedgerOutcome.Applied; i++, clicks++)
        {
            Win win = Some.Win(1, grant.Lease, clock.Now, new UInt128((ulong)step + 1, random.NextUInt64()),
                price: 0.2 + (0.3 * random.NextDouble()));
            await state.Feedback.AcceptAsync([Some.Event(AdEventKind.Impression, win), Some.Event(AdEventKind.Click, win)], default);
        }
        int kpis = (await state.Campaigns.FindAsync(1, default))!.Kpis.Count;
        await state.Campaigns.ReportAsync(1, new BidReport
        {
            Auctions = auctions,
            Wins = auctions / 4,
            Value = clicks + 0.1,
            Numerators = [.. Enumerable.Repeat(clicks * 0.3, kpis)],
            Denominators = [.. Enumerable.Repeat(clicks + 0.1, kpis)],
            Sample = [.. Enumerable.Range(0, 90).Select(_ => new AuctionSample((float)(0.1 * random.NextDouble()),
                (float)(0.05 * random.NextDouble())))],
            SampleWeight = auctions / 90.0,
            ConversionProbability = 0.05,
        });
        if (step % 40 == 25)
        {
            CampaignView view = (await state.Campaigns.FindAsync(1, default))!;
            CampaignSettings edited = view.Settings with
            {
                MaxCpc = view.Settings.MaxCpc * 0.9,
                Terms = view.Settings.Terms with { DailyBudget = Some.Units(90 - (step / 4)) }
            };
            await state.Campaigns.PutAsync(edited, view.Version, default);
        }
        await state.Campaigns.TickAsync();
    }

    private static Task<string> SnapshotAsync(ServingState state) =>
        state.Journal.ReadAsync(() => System.Text.Encoding.UTF8.GetString(state.Directory.Find(1)!.Snapshot()), default);

    private static async Task<BidBookEntry> EntryAsync(ServingState state)
    {
        // Books are made by the writer after what changed them.
        await state.Journal.ReadAsync(() => 0, default);
        await state.Journal.ReadAsync(() => 0, default);
        return state.Directory.Current.Book.Campaigns[0];
    }
}
