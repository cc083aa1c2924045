using System.Diagnostics;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Answers requests for ads, from user to price:
/// <code>
/// user ─► eligible sets ─► retrieval by value ─► [ranker] ─► calibration, bids ─► auctions, reserves ─► answer
///   ▲       ▲    ▲                ▲                  ▲              │
///   │ roster   room          experiments          bid book        wallets, tallies
///   memory
/// </code>
/// Roster and book are replaced as a whole (<see cref="Publish"/>); a request sees one of each from beginning to end. The only locks on
/// its way are those of the wallets that it reserves on. In the background somebody must call <see cref="KeepAsync"/>
/// several times a lease term, and <see cref="SurveyAsync"/> and <see cref="CollectReports"/> several times a tick.
/// </summary>
public sealed class AdGateway : IAdGateway, IDisposable
{
    private readonly GatewayParts _parts;
    private readonly GatewayOptions _options;
    private readonly Lock _publishing = new();
    private readonly SemaphoreSlim _keeping = new(1, 1);
    private readonly WalletTable _wallets = new();
    private readonly ScratchPool _scratches;
    private readonly UnacknowledgedWins _pending;
    private readonly UserStage _users;
    private readonly Eligibility _eligibility;
    private readonly BidStage _bids;
    private readonly AuctionStage _auctions;
    private readonly WalletKeeper _keeper;
    private readonly AuctionSurvey _survey;
    private readonly SemaphoreSlim _surveying = new(1, 1);
    private readonly SeededRandom _reporting;
    private volatile View _view = new(CampaignRoster.Empty, null);

    /// <summary>A gateway that is not ready until a bid book was published and the retriever has shards.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    public AdGateway(GatewayParts parts, GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _parts = parts;
        _options = options;
        Traffic = new TrafficMeter(parts.Time);
        var facets = new FacetMatch(parts.Catalogue.Facets);
        _scratches = new ScratchPool(parts.Random);
        _pending = new UnacknowledgedWins();
        _users = new UserStage(parts.Users, _pending);
        _eligibility = new Eligibility(facets, _wallets);
        _bids = new BidStage(parts.Catalogue);
        _auctions = new AuctionStage(facets, _wallets, _pending, options, parts.Trace);
        // Scratch memories have the streams from 1 on, their pool the last.
        _survey = new AuctionSurvey(
            parts.Retriever, parts.Catalogue, parts.Ranker, facets, options.SurveyShare, parts.Time,
            parts.Random.Split(ulong.MaxValue - 1));
        _reporting = parts.Random.Split(ulong.MaxValue - 2);
        _keeper = new WalletKeeper(_wallets, parts.Leases, options.Number, parts.Epoch, parts.BusinessClock);
    }

    /// <inheritdoc/>
    public bool IsReady => _parts.Retriever.IsReady && _view.Book is not null;

    /// <summary>Version of the bid book in use; 0 for none yet.</summary>
    public long BookVersion => _view.Book?.Book.Version ?? 0;

    /// <summary>What requests cost lately.</summary>
    internal TrafficMeter Traffic { get; }

    /// <summary>
    /// Knows these campaigns and bids with this book from the next request on; one that is not newer than the last changes nothing.
    /// </summary>
    /// <param name="published">Campaigns and book; the numbers are those of the catalogue.</param>
    /// <exception cref="ArgumentException">A time zone does not exist.</exception>
    public void Publish(PublishedCampaigns published)
    {
        ArgumentNullException.ThrowIfNull(published);
        lock (_publishing)
        {
            if (_view.Book is { } old && published.Version <= old.Book.Version)
                return;
            CampaignRoster roster = _view.Roster.With(published.Settings, _parts.Catalogue.Numbers);
            // A request must find a wallet for every campaign of its roster.
            _wallets.Grow(roster.Count);
            _view = new View(roster, new BookView(published.Book));
        }
    }

    /// <inheritdoc/>
    public async Task<AdAnswer> AnswerAsync(AdRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestChecks.Check(request);
        View view = _view;
        if (!IsReady || view.Book is null)
            throw new InvalidOperationException("The gateway has no shards or no bid book yet.");
        long start = _parts.Time.GetTimestamp();
        using Activity? activity = Telemetry.Source.StartActivity("gateway.answer");
        GatewayScratch scratch = _scratches.Rent();
        try
        {
            AdAnswer answer = await AnswerAsync(request, view, scratch, start, cancellation).ConfigureAwait(false);
            scratch.Assignment.Count(answer.Ads.Count);
            Traffic.Answered(answer, _parts.Retriever.Summary?.Ads ?? 0);
            Telemetry.Answered(answer, activity);
            return answer;
        }
        catch (Exception e) when (e is not (InvalidRequestException or OperationCanceledException))
        {
            Traffic.Failed();
            Telemetry.Failed(e, activity);
            throw;
        }
        finally
        {
            _scratches.Return(scratch);
        }
    }

    /// <summary>
    /// Answers a few trials that nobody asked for and nothing counts, so that the first request is not the one that waits until all code
    /// on its way is compiled. Does nothing before the gateway is ready.
    /// </summary>
    public async Task WarmUpAsync(CancellationToken cancellation)
    {
        View view = _view;
        if (!IsReady || view.Book is null)
            return;
        GatewayScratch scratch = _scratches.Rent();
        try
        {
            foreach (SaleKind sale in Enum.GetValues<SaleKind>())
            {
                var trial = new AdRequest
                {
                    Id = "warm-up", User = new UserFeatures(), Slots = [new SlotRequest("1") { Count = 2 }], Sale = sale, IsTest = true,
                };
                await AnswerAsync(trial, view, scratch, _parts.Time.GetTimestamp(), cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            _scratches.Return(scratch);
        }
    }

    /// <summary>A win's charge is known: its reserve is free again.</summary>
    /// <param name="win">The win; one of another gateway changes nothing.</param>
    /// <param name="charged">What it cost; zero for an ad that was not shown, or not won.</param>
    public void Settle(Win win, Micros charged)
    {
        ArgumentNullException.ThrowIfNull(win);
        if (win.Gateway != _options.Number || !_parts.Catalogue.Numbers.TryGet(win.CampaignId, out int campaign)
            || campaign >= _view.Roster.Count)
            return;
        _wallets.Settle(campaign, win.Lease, win.Id, charged);
        if (!win.IsBidOnly || charged == Micros.Zero)
            return;
        GatewayScratch scratch = _scratches.Rent();
        scratch.Tallies.Of(campaign).AddWin(win.ClickProbability, win.ConversionProbability, charged.ToUnits());
        _scratches.Return(scratch);
    }

    /// <summary>
    /// What the user store remembers counts the win from now on, or it was not shown: frequency caps need not count it as delivered any
    /// more.
    /// </summary>
    /// <param name="happened">An impression or a loss that was applied.</param>
    public void Acknowledge(AdEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (happened.Win.Gateway != _options.Number)
            return;
        if (happened.Kind == AdEventKind.Loss)
            _pending.Remove(happened.Win.UserId, happened.Win.Id);
        else
            _pending.Acknowledge(happened.Win.UserId, happened.Win.Id);
    }

    /// <summary>
    /// Renews leases ahead of need and tells the ledgers of those that are over. One round at a time; a call waits for the one before.
    /// </summary>
    /// <exception cref="IOException">A ledger could not be told; the next round tries again.</exception>
    public async Task KeepAsync(CancellationToken cancellation)
    {
        await _keeping.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await _keeper.KeepAsync(_view.Roster, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _keeping.Release();
        }
    }

    /// <summary>Ends all leases: nothing can be won any more, and what is not needed goes back to the campaigns.</summary>
    /// <exception cref="IOException">A ledger could not be told; it takes back what is left when the event window closes.</exception>
    public async Task StopAsync(CancellationToken cancellation)
    {
        await _keeping.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await _keeper.StopAsync(_view.Roster, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _keeping.Release();
        }
    }

    /// <summary>
    /// Looks at some of the requests since the last call for auctions in which campaigns could have bid and did not, so that the next
    /// <see cref="CollectReports"/> tells of them too: searches for about <see cref="GatewayOptions.SurveyShare"/> of the time since. One
    /// at a time; a call waits for the one before.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The retriever was disposed.</exception>
    public async Task SurveyAsync(CancellationToken cancellation)
    {
        await _surveying.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            View view = _view;
            if (IsReady && view.Book is { } book)
                await _survey.RunAsync(view.Roster, book, _scratches, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _surveying.Release();
        }
    }

    /// <summary>What campaigns are to be told of the auctions since the last call.</summary>
    public IReadOnlyDictionary<long, BidReport> CollectReports()
    {
        View view = _view;
        var reports = new Dictionary<long, BidReport>();
        _scratches.Collect((number, tally) =>
        {
            if (view.Roster[number] is { } campaign)
                reports[campaign.Id] = ReportMaker.Of(campaign, tally, view.Book?.EntryOf(number).ConversionProbability ?? 0, _reporting);
        });
        return reports;
    }

    /// <summary>Frees what the gateway waits with; <see cref="StopAsync"/> comes first.</summary>
    public void Dispose()
    {
        _keeping.Dispose();
        _surveying.Dispose();
    }

    private async Task<AdAnswer> AnswerAsync(AdRequest request, View view, GatewayScratch scratch, long start,
        CancellationToken cancellation)
    {
        DateTimeOffset now = _parts.BusinessClock.GetUtcNow();
        RequestUser user;
        EligibleSets eligible;
        using (Telemetry.Source.StartActivity("user"))
        {
            user = await _users.OfAsync(request, now, cancellation).ConfigureAwait(false);
            eligible = _eligibility.Of(request, view.Roster, in user, now, scratch.CampaignSet(view.Roster.Targeting.Words));
        }
        // Trials are no traffic, and count nowhere.
        Assignment assignment = request.IsTest ? default : _parts.Experiments.Current.Assign(user.Id);
        scratch.Assignment = assignment;
        var answer = new AnswerBuilder(request, view.Book!, _parts.Time, start);
        answer.UserDone();
        if (eligible.NoAd != NoAdReason.None)
            return answer.Without(eligible.NoAd, _parts.Retriever.Summary?.Version ?? "");
        TimeSpan? left = request.Deadline is { } deadline
            ? (deadline * (1 - _options.AuctionShare)) - _parts.Time.GetElapsedTime(start) : null;
        if (left <= TimeSpan.Zero)
            return answer.Without(NoAdReason.Deadline, _parts.Retriever.Summary?.Version ?? "");

        // A campaign wins once in a request at most. It needs a candidate for each slot, as each may want another format, and as many again
        // for those that stand back.
        ValueQuery query = eligible.ToQuery() with { MostPerCampaign = 2 * request.Slots.Count };
        RetrievalAnswer found = await _parts.Retriever.AnswerAsync(
            new RetrievalRequest(
                user.Features, GatewayOptions.CandidatesOf(request.Slots.Count, assignment.Candidates ?? _options.Candidates))
            {
                Deadline = left,
                MaxScorings = Fewer(request.MaxScorings, assignment.MaxScorings),
                Exclude = request.BlockedAds,
                Value = query,
            },
            cancellation).ConfigureAwait(false);
        answer.Found(found);
        if (IsLate(request, start))
            return answer.Without(NoAdReason.Deadline, found.Version);
        // What a trial looks for need not be what is on sale.
        if (request.BlockedAds.Count == 0 && !request.IsTest)
            _parts.Sampler?.Offer(user.Features, query, found, PlacesOf(request));
        IRanker? ranker = assignment.SkipRanker ? null : _parts.Ranker;
        using (Telemetry.Source.StartActivity("rank"))
            Take(found, request, user, ranker, scratch);
        answer.RankDone();
        ClickModel clicks = ranker?.Clicks ?? found.Clicks;
        int bidding;
        using (Telemetry.Source.StartActivity("bid"))
            bidding = _bids.Bid(scratch, clicks.Scale, view.Roster, view.Book!, in eligible, request.Sale);
        answer.BidDone();
        if (IsLate(request, start))
            return answer.Without(NoAdReason.Deadline, found.Version);
        var sold = new List<SoldPlace>(request.Slots.Count);
        var context = new AuctionContext(request, view.Roster, user, now, clicks) { Assignment = assignment };
        using (Telemetry.Source.StartActivity("auction"))
            _auctions.Run(in context, scratch, sold);
        if (!request.IsTest)
            _survey.Offer(in context, in eligible, scratch);
        return answer.With(in context, scratch, sold, bidding, _parts.Catalogue, _options.Number);
    }

    /// <summary>Whether nobody waits for the answer any more: nothing may be reserved for it then.</summary>
    private bool IsLate(AdRequest request, long start) =>
        request.Deadline is { } deadline && _parts.Time.GetElapsedTime(start) >= deadline;

    private static int? Fewer(int? one, int? other) => one is { } a && other is { } b ? Math.Min(a, b) : one ?? other;

    private static int PlacesOf(AdRequest request)
    {
        int places = 0;
        for (int i = 0; i < request.Slots.Count; i++)
            places += request.Slots[i].Count;
        return places;
    }

    /// <summary>Puts what was found into the scratch, scored by the ranker where there is one.</summary>
    private static void Take(RetrievalAnswer found, AdRequest request, in RequestUser user, IRanker? ranker, GatewayScratch scratch)
    {
        int count = found.Ads.Count;
        scratch.Reserve(count);
        scratch.Count = count;
        HashSet<string>? blocked = request.BlockedAds.Count == 0 ? null : new HashSet<string>(request.BlockedAds, StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            scratch.Ids[i] = found.Ads[i].Id;
            scratch.Scores[i] = found.Ads[i].Score;
        }
        if (ranker is not null && count > 0)
            ranker.Score(user.Features, scratch.Ids.AsSpan(0, count), scratch.Scores.AsSpan(0, count));
        for (int i = 0; i < count; i++)
        {
            bool isBlocked = blocked is not null && blocked.Contains(scratch.Ids[i]);
            scratch.Candidates[i] = new Candidate { Id = scratch.Ids[i], Score = isBlocked ? float.NaN : scratch.Scores[i] };
        }
    }

    private sealed record View(CampaignRoster Roster, BookView? Book);
}
