using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>What every closed loop does, whatever hosts it: a host's tests derive from this and say how it is started.</summary>
public abstract class AdGatewayContract
{
    private static readonly SlotRequest OneBanner = new("s") { Formats = [new FormatRequest(CreativeKind.Banner, 300, 250)] };

    protected abstract ILoopHostFactory Factory { get; }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Ads_order_and_prices_are_those_of_scoring_every_ad_and_holding_the_auction_plainly(ulong seed)
    {
        LoopWorld world = LoopWorld.Varied(seed, 14, 8);
        await using ILoopHost host = await StartAsync(world);
        var oracle = new LoopOracle(world);
        var random = new SeededRandom(seed);
        int sold = 0;
        for (int i = 0; i < 300; i++)
        {
            AdRequest request = LoopWorld.AnyRequest(random, i);

            AdAnswer answer = await host.Gateway.AnswerAsync(request, default);

            OracleSale[] sales = [.. answer.Ads.Select(
                a => new OracleSale(a.SlotId, a.Position, a.Ad.Id, a.Ecpm.Value, a.Price.Value, a.Win.IsPerClick, a.DealId))];
            Assert.Equal(oracle.Answer(request, host.Now), sales);
            Assert.Equal(sales.Length == 0, answer.NoAd != NoAdReason.None);
            sold += sales.Length;
        }
        Assert.True(sold > 200, $"only {sold} ads were sold: the requests try too little");
    }

    [Fact]
    public async Task A_win_says_all_that_its_events_need()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 0.5, 2), (2, 0.4, 2)));

        AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request("r1", "ann", OneBanner), default);

        PlacedAd ad = Assert.Single(answer.Ads);
        Assert.Equal(("r1", ad.Ad.Id, ad.Ad.CampaignId, "ann"), (ad.Win.RequestId, ad.Win.AdId, ad.Win.CampaignId, ad.Win.UserId));
        Assert.True(ad.Win.Lease > 0 && ad.Win.Id != 0 && ad.Win.IsPerClick && !ad.Win.IsBidOnly);
        Assert.Equal(host.Now, ad.Win.AuctionAt);
        Assert.Equal($"shop{ad.Ad.CampaignId}.example", ad.AdvertiserDomain);
        Assert.InRange(ad.Win.ClickProbability, 0.001, 0.5);
        Assert.Equal(ad.Win.RawClickProbability, ad.Win.ClickProbability, 1e-12);
        Assert.Equal((1.0, NoAdReason.None), (answer.Coverage, answer.NoAd));
        Assert.True(answer.BookVersion > 0);
    }

    [Fact]
    public async Task Only_advertisers_that_are_allowed_are_shown()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 5, 2), (2, 0.4, 2), (3, 0.3, 2)));
        AdRequest request = LoopWorld.Request("r", "ann", OneBanner with { Count = 3 });

        AdAnswer some = await host.Gateway.AnswerAsync(
            request with { AllowedAdvertisers = ["SHOP2.example", "shop3.example", "nobody.example"] }, default);
        AdAnswer none = await host.Gateway.AnswerAsync(request with { AllowedAdvertisers = ["nobody.example"] }, default);

        Assert.Equal([2L, 3], some.Ads.Select(a => a.Ad.CampaignId).Order());
        Assert.Equal(NoAdReason.NothingEligible, none.NoAd);
    }

    [Fact]
    public async Task A_format_gets_only_ads_that_have_what_it_needs()
    {
        LoopWorld simple = LoopWorld.Simple((1, 5, 1), (2, 0.4, 1));
        Ad With(Ad ad, string media, string? text) =>
            ad with { Creative = ad.Creative with { Media = new Uri(media), Text = text } };
        var world = new LoopWorld(
            simple.Campaigns,
            [.. simple.Ads.Select(ad => ad.CampaignId == 1
                ? With(ad, "http://cdn.example/1.png", null) : With(ad, "https://cdn.example/2.png", "A text"))]);
        await using ILoopHost host = await StartAsync(world);
        var any = new FormatRequest(CreativeKind.Banner);

        Assert.Equal([1L, 2], await CampaignsAsync(any));
        Assert.Equal([2L], await CampaignsAsync(any with { Needs = CreativeParts.SecureMedia }));
        Assert.Equal([2L], await CampaignsAsync(any with { Needs = CreativeParts.SecureMedia | CreativeParts.Text }));
        Assert.Equal([1L, 2], await CampaignsAsync(any with { MinWidth = 300, MinHeight = 250 }));
        Assert.Empty(await CampaignsAsync(any with { MinWidth = 301 }));

        async Task<IEnumerable<long>> CampaignsAsync(FormatRequest format) => (await host.Gateway.AnswerAsync(
            LoopWorld.Request("r", "ann", new SlotRequest("s") { Count = 2, Formats = [format] }), default))
            .Ads.Select(a => a.Ad.CampaignId).Order();
    }

    [Fact]
    public async Task Neither_ad_nor_campaign_wins_twice_in_a_request()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 5, 5), (2, 0.4, 5), (3, 0.3, 5)));

        AdAnswer answer = await host.Gateway.AnswerAsync(
            LoopWorld.Request("r", "ann", OneBanner with { Id = "a", Count = 2 }, OneBanner with { Id = "b", Count = 3 }), default);

        Assert.Equal(3, answer.Ads.Count);
        Assert.Equal([1L, 2, 3], answer.Ads.Select(a => a.Ad.CampaignId).Order());
        Assert.Equal(1, answer.Ads[0].Ad.CampaignId);
        Assert.Equal(["a", "a", "b"], answer.Ads.Select(a => a.SlotId));
    }

    [Fact]
    public async Task An_advertiser_gets_no_more_than_it_may()
    {
        LoopWorld simple = LoopWorld.Simple((1, 5, 2), (2, 4, 2), (3, 3, 2));
        var world = new LoopWorld([.. simple.Campaigns.Select(c => c.Id < 3 ? c with { AdvertiserId = 7 } : c)],
            simple.Ads) { MaxAdsPerAdvertiser = 1 };
        await using ILoopHost host = await StartAsync(world);

        AdAnswer one = await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", OneBanner with { Count = 3 }), default);
        AdAnswer two = await host.Gateway.AnswerAsync(LoopWorld.Request("q", "ann", OneBanner with { Id = "a" },
            OneBanner with { Id = "b", Count = 2 }), default);

        Assert.Equal([1L, 3], one.Ads.Select(a => a.Ad.CampaignId));
        Assert.Equal([1L, 3], two.Ads.Select(a => a.Ad.CampaignId));
    }

    [Fact]
    public async Task A_campaign_that_is_paused_or_out_of_flight_is_not_shown_and_comes_back()
    {
        LoopWorld world = LoopWorld.Simple((1, 5, 1), (2, 0.4, 1));
        CampaignSettings first = world.Campaigns[0];
        await using ILoopHost host = await StartAsync(world);

        Assert.Equal(1, await WinnerAsync(host));
        await host.PutCampaignAsync(first with { IsPaused = true });
        Assert.Equal(2, await WinnerAsync(host));
        await host.PutCampaignAsync(first with { Terms = first.Terms with { FlightStart = LoopWorld.Start + TimeSpan.FromHours(1) } });
        Assert.Equal(2, await WinnerAsync(host));
        await host.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(1, await WinnerAsync(host));
        await host.PutCampaignAsync(first with { Terms = first.Terms with { FlightEnd = LoopWorld.Start + TimeSpan.FromHours(2) } });
        await host.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(2, await WinnerAsync(host));
    }

    [Fact]
    public async Task Ads_change_while_requests_run()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 5, 1), (2, 0.4, 1)));

        await host.Catalogue.PutAsync(LoopWorld.Ad("ad1-0", 1) with { IsPaused = true }, default);
        Assert.Equal(2, await WinnerAsync(host));
        await host.Catalogue.PutAsync(LoopWorld.Ad("ad1-0", 1), default);
        Assert.Equal(1, await WinnerAsync(host));
        await host.Catalogue.PutAsync(LoopWorld.Ad("ad1-0", 1, CreativeKind.Native, 0, 0), default);
        Assert.Equal(2, await WinnerAsync(host));
        Assert.True(await host.Catalogue.RemoveAsync("ad2-0", default));
        Assert.False(await host.Catalogue.RemoveAsync("ad2-0", default));
        Assert.Equal(0, await WinnerAsync(host));
        await host.RestartAsync();
        Assert.Equal(0, await WinnerAsync(host));
        Assert.Equal(1, host.Catalogue.Count);
        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => host.Catalogue.PutAsync(LoopWorld.Ad("x", 99), default));
        Assert.Equal("campaignId", error.Field);
    }

    [Fact]
    public async Task A_cap_holds_until_its_span_is_over()
    {
        LoopWorld world = LoopWorld.Simple((1, 5, 1), (2, 0.4, 1));
        CampaignSettings capped = world.Campaigns[0] with { Caps = [new FrequencyRule(2, TimeSpan.FromHours(1))] };
        await using ILoopHost host = await StartAsync(new LoopWorld([capped, world.Campaigns[1]], world.Ads));

        Assert.Equal(1, await ShowAsync(host, "ann"));
        Assert.Equal(1, await ShowAsync(host, "ann"));
        Assert.Equal(2, await ShowAsync(host, "ann"));
        Assert.Equal(1, await ShowAsync(host, "bob"));
        await host.PassAsync(TimeSpan.FromMinutes(61));
        Assert.Equal(1, await ShowAsync(host, "ann"));
    }

    [Fact]
    public async Task Requests_at_once_cannot_pass_a_cap_before_an_impression_is_told_of()
    {
        LoopWorld world = LoopWorld.Simple((1, 5, 3), (2, 0.4, 3));
        CampaignSettings capped = world.Campaigns[0] with { Caps = [new FrequencyRule(3, TimeSpan.FromHours(2))] };
        await using ILoopHost host = await StartAsync(new LoopWorld([capped, world.Campaigns[1]], world.Ads));

        AdAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(
            () => host.Gateway.AnswerAsync(LoopWorld.Request($"r{i}", "ann", OneBanner), default))));

        Win[] delivered = [.. answers.SelectMany(a => a.Ads).Select(a => a.Win).Where(w => w.CampaignId == 1)];
        Assert.Equal(3, delivered.Length);
        Assert.Equal(37, answers.Count(a => a.Ads.Any(ad => ad.Win.CampaignId == 2)));
        // One is told of, one was not shown after all: there is room for one more, and no more.
        await host.Feedback.AcceptAsync(
            [new AdEvent(AdEventKind.Impression, delivered[0]), new AdEvent(AdEventKind.Loss, delivered[1])], default);
        Assert.Equal(1, Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", OneBanner), default)).Ads).Win.CampaignId);
        Assert.Equal(2, Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", OneBanner), default)).Ads).Win.CampaignId);
        // What nobody told of within the event window was not seen; the one impression still counts.
        await host.PassAsync(capped.Terms.EventWindow + TimeSpan.FromMinutes(1));
        long[] later = [await ShowAsync(host, "ann"), await ShowAsync(host, "ann"), await ShowAsync(host, "ann")];
        Assert.Equal([1, 1, 2], later);
    }

    [Fact]
    public async Task A_trial_and_a_bid_in_an_auction_of_somebody_else_fill_no_cap()
    {
        LoopWorld world = LoopWorld.Simple((1, 5, 1));
        CampaignSettings capped = world.Campaigns[0] with { Caps = [new FrequencyRule(1, TimeSpan.FromHours(1))] };
        await using ILoopHost host = await StartAsync(new LoopWorld([capped], world.Ads));
        AdRequest request = LoopWorld.Request("r", "ann", OneBanner);

        Assert.Single((await host.Gateway.AnswerAsync(request with { IsTest = true }, default)).Ads);
        Assert.Single((await host.Gateway.AnswerAsync(request with { Sale = SaleKind.BidOnly }, default)).Ads);
        Assert.Single((await host.Gateway.AnswerAsync(request, default)).Ads);
        Assert.Empty((await host.Gateway.AnswerAsync(request, default)).Ads);
    }

    [Fact]
    public async Task A_click_moves_what_is_shown_next_and_without_consent_nothing_is_used()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 1, 40), (2, 1, 40)));
        AdRequest ann = LoopWorld.Request("r", "ann", OneBanner with { Count = 2 });

        AdAnswer before = await host.Gateway.AnswerAsync(ann, default);
        await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Impression, before.Ads[0].Win), new AdEvent(AdEventKind.Click,
            before.Ads[0].Win)], default);
        AdAnswer after = await host.Gateway.AnswerAsync(ann, default);
        AdAnswer refused = await host.Gateway.AnswerAsync(ann with { MayPersonalise = false }, default);
        AdAnswer nobody = await host.Gateway.AnswerAsync(LoopWorld.Request("r", null, OneBanner with { Count = 2 }), default);
        await host.Users.SetConsentAsync("ann", false, default);
        AdAnswer withdrawn = await host.Gateway.AnswerAsync(ann, default);
        await host.Users.EraseAsync("ann", default);
        AdAnswer erased = await host.Gateway.AnswerAsync(ann, default);
        await host.Users.SetConsentAsync("ann", true, default);
        AdAnswer again = await host.Gateway.AnswerAsync(ann, default);

        Assert.NotEqual(Ids(before), Ids(after));
        Assert.Equal(1, after.User.SequenceLength);
        Assert.Equal(Ids(nobody), Ids(refused));
        Assert.Equal(Ids(nobody), Ids(withdrawn));
        Assert.Equal(Ids(nobody), Ids(erased));
        Assert.Equal(Ids(before), Ids(again));
        Assert.All(refused.Ads.Concat(withdrawn.Ads).Concat(erased.Ads), a => Assert.Null(a.Win.UserId));
        Assert.Equal(0, withdrawn.User.SequenceLength);

        static string[] Ids(AdAnswer answer) => [.. answer.Ads.Select(a => a.Ad.Id)];
    }

    [Fact]
    public async Task A_trial_reserves_nothing()
    {
        var world = new LoopWorld([LoopWorld.Campaign(1, 1, Micros.FromUnits(5))], [LoopWorld.Ad("a", 1)]);
        await using ILoopHost host = await StartAsync(world);
        AdRequest real = LoopWorld.Request("r", "ann", OneBanner with { Floor = new Micros(10_000_000) });
        for (int i = 0; i < 2_000; i++)
        {
            AdAnswer trial = await host.Gateway.AnswerAsync(real with { IsTest = true, Explain = true }, default);

            Assert.Equal(0, Assert.Single(trial.Ads).Win.Lease);
            Assert.StartsWith("won s/0", Assert.Single(trial.Explanation!.Candidates).Fate, StringComparison.Ordinal);
        }
        // The first may be too dear for the first lease, of a share of the budget; the next lease is large enough.
        await host.Gateway.AnswerAsync(real, default);
        await host.PassAsync(TimeSpan.FromSeconds(5));

        Assert.True(Assert.Single((await host.Gateway.AnswerAsync(real, default)).Ads).Win.Lease > 0);
    }

    [Fact]
    public async Task A_campaign_without_a_budget_is_not_shown()
    {
        var world = new LoopWorld([LoopWorld.Campaign(1, 1, Micros.Zero)], [LoopWorld.Ad("a", 1)]);
        await using ILoopHost host = await StartAsync(world);

        AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", OneBanner), default);

        Assert.Empty(answer.Ads);
        Assert.Equal(NoAdReason.NoBudget, answer.NoAd);
    }

    [Fact]
    public async Task Random_traffic_with_late_and_lost_feedback_never_overspends()
    {
        LoopWorld simple = LoopWorld.Simple((1, 2, 4), (2, 1.5, 4), (3, 1, 4), (4, 0.5, 4));
        Micros budget = Micros.FromUnits(3);
        var world = new LoopWorld(
            [.. simple.Campaigns.Select((c, i) => c with { Terms = c.Terms with { DailyBudget = budget }, Pricing = i % 2 == 0
                ? PricingModel.Cpc : PricingModel.Cpm })],
            simple.Ads);
        await using ILoopHost host = await StartAsync(world);
        var random = new SeededRandom(5);
        var open = new List<AdEvent>();
        SlotRequest dear = OneBanner with { Count = 2, Floor = Micros.FromUnits(10) };
        int stoodBack = 0;
        for (int i = 0; i < 3_000; i++)
        {
            AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request($"r{i}", $"u{random.NextInt(50)}", dear), default);
            stoodBack += answer.NoAd == NoAdReason.NoBudget ? 1 : 0;
            foreach (PlacedAd ad in answer.Ads)
            {
                if (random.NextInt(10) == 0)
                    continue;
                open.Add(new AdEvent(AdEventKind.Impression, ad.Win));
                if (random.NextDouble() < ad.Win.ClickProbability * 2)
                    open.Add(new AdEvent(AdEventKind.Click, ad.Win));
            }
            if (random.NextInt(5) == 0 && open.Count > 0)
            {
                // Late, out of order, and some of them twice.
                random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(open));
                List<AdEvent> batch = open.GetRange(0, random.NextInt(open.Count + 1));
                open.RemoveRange(0, batch.Count);
                await host.Feedback.AcceptAsync([.. batch, .. batch.Take(3)], default);
            }
            if (random.NextInt(20) == 0)
                await host.PassAsync(TimeSpan.FromSeconds(random.NextInt(120)));
        }
        foreach (CampaignSettings campaign in world.Campaigns)
        {
            DayAccount account = await host.AccountAsync(campaign.Id);
            Assert.True(account.Spent <= budget && account.Committed <= budget,
                $"campaign {campaign.Id} spent {account.Spent} and leased {account.Leased} of {budget}");
            Assert.True(account.Spent.Value > budget.Value / 2, $"campaign {campaign.Id} spent only {account.Spent} of {budget}");
        }
        Assert.True(stoodBack > 0, "the budgets never bound");
    }

    [Fact]
    public async Task Many_requests_at_once_never_overspend_either()
    {
        Micros budget = Micros.FromUnits(2);
        LoopWorld simple = LoopWorld.Simple((1, 2, 3), (2, 1.5, 3), (3, 1, 3));
        var world = new LoopWorld([.. simple.Campaigns.Select(c => c with { Terms = c.Terms with { DailyBudget = budget } })], simple.Ads);
        await using ILoopHost host = await StartAsync(world);
        SlotRequest dear = OneBanner with { Count = 2, Floor = Micros.FromUnits(10) };
        using var passing = new SemaphoreSlim(1, 1);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(client => Task.Run(async () =>
        {
            var random = new SeededRandom((ulong)client);
            for (int i = 0; i < 300; i++)
            {
                AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request($"r{client}-{i}", $"u{client}", dear), default);
                AdEvent[] clicks = [.. answer.Ads.Where(_ => random.NextInt(3) == 0).Select(ad => new AdEvent(AdEventKind.Click, ad.Win))];
                if (clicks.Length > 0)
                    await host.Feedback.AcceptAsync(clicks, default);
                if (i % 10 == 0)
                    await PassAndCheckAsync();
            }
        })));
        DayAccount[] accounts = await Task.WhenAll(world.Campaigns.Select(campaign => host.AccountAsync(campaign.Id)));
        Assert.Contains(accounts, account => account.Spent > Micros.Zero);

        // Time passes between the requests of all clients, in one place at a time.
        async Task PassAndCheckAsync()
        {
            await passing.WaitAsync();
            await host.PassAsync(TimeSpan.FromSeconds(1));
            foreach (CampaignSettings campaign in world.Campaigns)
            {
                DayAccount account = await host.AccountAsync(campaign.Id);
                Assert.True(account.Committed <= budget, $"campaign {campaign.Id} committed {account.Committed} of {budget}");
            }
            passing.Release();
        }
    }

    [Fact]
    public async Task In_somebody_elses_auction_the_bid_is_held_until_the_notice()
    {
        var world = new LoopWorld([LoopWorld.Campaign(1, 100, Micros.FromUnits(50))], [LoopWorld.Ad("a", 1)]);
        await using ILoopHost host = await StartAsync(world);
        var wins = new List<Win>();
        AdRequest bid = LoopWorld.Request("r", "ann", OneBanner) with { Sale = SaleKind.BidOnly };
        for (int dry = 0; dry < 3 && wins.Count < 1_000;)
        {
            AdAnswer answer = await host.Gateway.AnswerAsync(bid, default);
            wins.AddRange(answer.Ads.Select(a => a.Win));
            dry = answer.Ads.Count > 0 ? 0 : dry + 1;
            if (dry > 0)
                await host.PassAsync(TimeSpan.FromSeconds(5));
        }

        Assert.InRange(wins.Count, 2, 900);
        Assert.All(wins, w => Assert.True(w.IsBidOnly && !w.IsPerClick));
        Assert.True(wins.Aggregate(Micros.Zero, (sum, w) => sum + w.Price) <= Micros.FromUnits(50));
        await host.Feedback.AcceptAsync([.. wins.Skip(1).Select(w => new AdEvent(AdEventKind.Loss, w))], default);
        await host.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Single((await host.Gateway.AnswerAsync(bid, default)).Ads);
        Micros clearing = new(wins[0].Price.Value / 3);
        AdEventResult result = Assert.Single(await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Impression,
            wins[0]) { ClearingPrice = clearing }], default));
        Assert.Equal((LedgerOutcome.Applied, clearing), (result.Outcome, result.Charged));
    }

    [Fact]
    public async Task What_is_bid_in_somebody_elses_auction_reaches_the_floor_to_the_last_micro_unit()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        for (int user = 0; user < 20; user++)
        {
            AdRequest bid = LoopWorld.Request("r", $"user{user}", OneBanner) with { Sale = SaleKind.BidOnly, IsTest = true };
            PlacedAd free = Assert.Single((await host.Gateway.AnswerAsync(bid, default)).Ads);
            // The price that is told is that of an impression; a thousand of them are what the floor is of.
            var told = new Micros(1000 * free.Price.Value);
            PlacedAd atFloor = Assert.Single((await host.Gateway.AnswerAsync(bid with { Slots = [OneBanner with { Floor = told }] }, default)).Ads);
            AdAnswer above = await host.Gateway.AnswerAsync(
                bid with { Slots = [OneBanner with { Floor = told + new Micros(1) }] }, default);

            Assert.Equal(free.Price, atFloor.Price);
            Assert.Equal((0, NoAdReason.BelowFloor), (above.Ads.Count, above.NoAd));
        }
    }

    [Fact]
    public async Task When_every_shard_fails_or_is_silent_the_answer_says_so()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 1, 2)));
        AdRequest request = LoopWorld.Request("r", "ann", OneBanner) with { Deadline = TimeSpan.FromMilliseconds(50) };

        host.FailShards(true);
        AdAnswer failed = await host.Gateway.AnswerAsync(request with { Deadline = null }, default);
        host.FailShards(false);
        host.SilenceShards(true);
        AdAnswer silent = await host.Gateway.AnswerAsync(request, default);
        host.SilenceShards(false);
        AdAnswer fine = await host.Gateway.AnswerAsync(request with { Deadline = TimeSpan.FromMinutes(1) }, default);

        Assert.Equal((NoAdReason.NoShardAnswered, 0.0), (failed.NoAd, failed.Coverage));
        Assert.NotEmpty(failed.Failures);
        Assert.Equal((NoAdReason.Deadline, 0.0), (silent.NoAd, silent.Coverage));
        Assert.Single(fine.Ads);
    }

    [Fact]
    public async Task Books_change_under_traffic_and_every_answer_is_of_one_book()
    {
        LoopWorld world = LoopWorld.Simple((1, 1, 4), (2, 0.5, 4));
        await using ILoopHost host = await StartAsync(world);
        var oracle = new LoopOracle(world);
        // Trials: nobody looks after the leases of so many requests here.
        AdRequest request = LoopWorld.Request("r", "ann", OneBanner with { Count = 2 }) with { IsTest = true };
        string[] wanted = [.. oracle.Answer(request, host.Now).Select(s => s.Ad)];
        bool done = false;
        Task publishing = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
                await host.PublishBookAsync();
            Volatile.Write(ref done, true);
        });
        var answering = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            long last = 0;
            do
            {
                AdAnswer answer = await host.Gateway.AnswerAsync(request, default);
                Assert.Equal(wanted, answer.Ads.Select(a => a.Ad.Id));
                Assert.True(answer.BookVersion >= last);
                last = answer.BookVersion;
            }
            while (!Volatile.Read(ref done));
        }));
        await Task.WhenAll([publishing, .. answering]);
    }

    [Fact]
    public async Task After_a_restart_old_wins_still_count_and_new_ones_are_made()
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 1, 4), (2, 0.5, 4)));
        Win old = (await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", OneBanner), default)).Ads[0].Win;

        await host.RestartAsync();
        AdEventResult click = Assert.Single(await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, old)], default));
        AdEventResult again = Assert.Single(await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, old)], default));
        Win fresh = (await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", OneBanner), default)).Ads[0].Win;

        Assert.Equal((LedgerOutcome.Applied, old.Price), (click.Outcome, click.Charged));
        Assert.Equal(LedgerOutcome.Duplicate, again.Outcome);
        Assert.NotEqual((old.Id, old.Lease), (fresh.Id, fresh.Lease));
    }

    [Theory]
    [InlineData("slots")]
    [InlineData("slots[0].count")]
    [InlineData("slots[1].id")]
    [InlineData("deadlineMs")]
    [InlineData("slots[0].dealsOnly")]
    public async Task A_senseless_request_is_refused_with_its_field(string field)
    {
        await using ILoopHost host = await StartAsync(LoopWorld.Simple((1, 1, 1)));
        AdRequest fine = LoopWorld.Request("r", "ann", OneBanner);
        AdRequest wrong = field switch
        {
            "slots" => fine with { Slots = [] },
            "slots[0].count" => fine with { Slots = [OneBanner with { Count = 64 }] },
            "slots[1].id" => fine with { Slots = [OneBanner, OneBanner] },
            "slots[0].dealsOnly" => fine with { Slots = [OneBanner with { DealsOnly = true }] },
            _ => fine with { Deadline = TimeSpan.Zero },
        };

        Assert.Equal(field, (await Assert.ThrowsAsync<InvalidRequestException>(() => host.Gateway.AnswerAsync(wrong, default))).Field);
    }

    private static async Task<long> WinnerAsync(ILoopHost host) =>
        (await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", OneBanner), default)).Ads is [var ad] ? ad.Ad.CampaignId : 0;

    private static async Task<long> ShowAsync(ILoopHost host, string user)
    {
        PlacedAd ad = Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request("r", user, OneBanner), default)).Ads);
        await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Impression, ad.Win)], default);
        return ad.Ad.CampaignId;
    }

    private async Task<ILoopHost> StartAsync(LoopWorld world)
    {
        ILoopHost host = await Factory.StartAsync(world);
        await host.PassAsync(TimeSpan.Zero);
        return host;
    }
}
