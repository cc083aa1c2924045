using System.Collections.Concurrent;
using System.Threading.Channels;
using RecallCluster.Client;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>
/// What an ad server knows: every event that it had to tell, and what the doors said of it. It tells an event until a door acknowledges it,
/// and some of them twice. What was acknowledged has to be in the ledgers, once.
/// </summary>
internal sealed class EventBooks : IAsyncDisposable
{
    private const int Senders = 6, MaxBatch = 60, MaxAgain = 500;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50), Pause = TimeSpan.FromMilliseconds(200);

    private readonly Doors _doors;
    private readonly Channel<Told> _waiting = Channel.CreateUnbounded<Told>();
    private readonly ConcurrentQueue<Told> _events = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private int _pending, _told;

    /// <summary>Empty books.</summary>
    public EventBooks(Doors doors)
    {
        _doors = doors;
        _sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => SendAsync()));
    }

    /// <summary>Events, those that were told twice counted once.</summary>
    public int Count => _events.Count;

    /// <summary>Events that no door has acknowledged yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>An ad was delivered: half of them are seen, and a quarter of those clicked.</summary>
    public void Show(AdsPlaced ad)
    {
        int number = Interlocked.Increment(ref _told);
        if (number % 2 != 0)
            return;
        Tell(new Told(AdFeedback.Impression(ad), ad.CampaignId, false, ad.Charged == "impression" ? ad.Price : 0), number);
        if (number % 8 == 0)
            Tell(new Told(AdFeedback.Click(ad), ad.CampaignId, true, ad.Charged == "click" ? ad.Price : 0), number);
    }

    /// <summary>Waits until every event is acknowledged, for as long as there are fewer and fewer that are not.</summary>
    /// <param name="patience">How long nothing may be acknowledged.</param>
    /// <returns>Whether all are.</returns>
    public async Task<bool> DrainedAsync(TimeSpan patience)
    {
        var progress = new Progressing<int>(patience);
        for (int pending; (pending = Pending) > 0; await Task.Delay(Gathering))
        {
            if (!progress.GoesOn(pending))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Tells everything from the given place on again: whatever is not known to be a repetition was lost, and is counted now.
    /// </summary>
    /// <param name="from">The place.</param>
    /// <param name="patience">How long no door may take any.</param>
    /// <returns>How many were not known.</returns>
    /// <exception cref="TimeoutException">No door took any for so long.</exception>
    public async Task<int> TellAgainAsync(int from, TimeSpan patience)
    {
        int unknown = 0, told = 0;
        var progress = new Progressing<int>(patience);
        foreach (Told[] batch in _events.Skip(from).Where(told => told.IsCounted).Chunk(MaxAgain))
        {
            IReadOnlyList<FeedbackResult>? results;
            while ((results = await TryAsync(batch)) is null)
            {
                if (!progress.GoesOn(told))
                    throw new TimeoutException($"No door took events that were told again for {patience.TotalMinutes} minutes.");
                await Task.Delay(Pause);
            }
            told += batch.Length;
            unknown += results.Count(result => result.IsApplied);
        }
        return unknown;
    }

    /// <summary>Compares the books with the ledgers.</summary>
    public Balance Compare(Dictionary<long, CampaignStanding> ledgers)
    {
        long lost = 0, twice = 0;
        decimal over = 0, wrong = 0;
        ILookup<long, Told> byCampaign = _events.ToLookup(told => told.Campaign);
        foreach ((long id, CampaignStanding ledger) in ledgers)
        {
            Told[] mine = [.. byCampaign[id].Where(told => told.IsCounted)];
            CampaignDayBooks today = ledger.Today;
            foreach (long surplus in new[]
                { today.Impressions - mine.Count(told => !told.IsClick), today.Clicks - mine.Count(told => told.IsClick) })
            {
                lost += Math.Max(0, -surplus);
                twice += Math.Max(0, surplus);
            }
            decimal worth = mine.Sum(told => told.Price);
            over += Math.Max(0, today.Spent - today.Budget) + Math.Max(0, ledger.TotalSpent - worth);
            wrong += Math.Abs(today.Spent + today.FreeAmount - worth);
        }
        return new Balance
        {
            Acknowledged = _events.Count(told => told.Outcome is not null),
            Applied = ledgers.Values.Sum(ledger => ledger.Today.Impressions + ledger.Today.Clicks),
            Refused = _events.Where(told => told.Outcome is not null && !told.IsCounted).GroupBy(told => told.Outcome!)
                .ToDictionary(group => group.Key, group => group.Count()),
            Lost = lost,
            Twice = twice + _events.Sum(told => Math.Max(0, told.Applied - 1)),
            Overspent = over,
            Misbooked = wrong,
            Spent = ledgers.Values.Sum(ledger => ledger.Today.Spent),
            RanDry = ledgers.Values.Count(ledger => ledger.Today.FreeEvents > 0 || ledger.Status == "budgetSpent"),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        _stop.Dispose();
    }

    private void Tell(Told told, int number)
    {
        _events.Enqueue(told);
        Interlocked.Increment(ref _pending);
        _waiting.Writer.TryWrite(told);
        if (number % 20 == 0)
        {
            Interlocked.Increment(ref _pending);
            _waiting.Writer.TryWrite(told);
        }
    }

    private async Task SendAsync()
    {
        try
        {
            var batch = new List<Told>(MaxBatch);
            while (await _waiting.Reader.WaitToReadAsync(_stop.Token))
            {
                // Those that come in the next moment go along.
                await Task.Delay(Gathering, _stop.Token);
                batch.Clear();
                while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out Told? told))
                    batch.Add(told);
                if (batch.Count == 0)
                    continue;
                if (await TryAsync(batch) is null)
                {
                    await Task.Delay(Pause, _stop.Token);
                    batch.ForEach(told => _waiting.Writer.TryWrite(told));
                }
                else
                {
                    Interlocked.Add(ref _pending, -batch.Count);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>One attempt.</summary>
    /// <returns>What became of each; null where nobody knows.</returns>
    private async Task<IReadOnlyList<FeedbackResult>?> TryAsync(IReadOnlyList<Told> batch)
    {
        try
        {
            IReadOnlyList<FeedbackResult> results = await _doors.Next().Client.SendEventsAsync([.. batch.Select(told => told.Feedback)]);
            for (int i = 0; i < results.Count; i++)
                batch[i].Acknowledge(results[i].Outcome);
            return results;
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or RecallException { IsTransient: true })
        {
            return null;
        }
    }

    /// <summary>An event.</summary>
    private sealed class Told(AdFeedback feedback, long campaign, bool isClick, decimal price)
    {
        private int _applied;

        public AdFeedback Feedback => feedback;

        public long Campaign => campaign;

        public bool IsClick => isClick;

        /// <summary>What it costs, if it costs anything.</summary>
        public decimal Price => price;

        /// <summary>The first that a door said of it; null before.</summary>
        public string? Outcome { get; private set; }

        /// <summary>How often a door said that it was counted just now.</summary>
        public int Applied => _applied;

        /// <summary>Whether it must be in the ledger.</summary>
        public bool IsCounted => Outcome is "applied" or "duplicate" or "pending";

        public void Acknowledge(string outcome)
        {
            if (outcome == "applied")
                Interlocked.Increment(ref _applied);
            Outcome ??= outcome;
        }
    }
}

/// <summary>Books against ledgers.</summary>
internal sealed record Balance
{
    public int Acknowledged { get; init; }

    public long Applied { get; init; }

    /// <summary>Events that were acknowledged as not to be counted, by reason.</summary>
    public required IReadOnlyDictionary<string, int> Refused { get; init; }

    public long Lost { get; init; }

    public long Twice { get; init; }

    /// <summary>Money above a budget, or above what was acknowledged.</summary>
    public decimal Overspent { get; init; }

    /// <summary>Money by which the ledgers differ from the books.</summary>
    public decimal Misbooked { get; init; }

    public decimal Spent { get; init; }

    /// <summary>Campaigns whose budget is spent.</summary>
    public int RanDry { get; init; }

    /// <summary>Whether everything is as it has to be.</summary>
    public bool IsEven => Lost == 0 && Twice == 0 && Overspent == 0 && Misbooked == 0;
}
