using System.Collections.Concurrent;
using RecallCluster.Client;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>
/// What an ad server knows: every event that it had to tell, and what the door said of each. What the door acknowledged has to be in the
/// ledgers, once, whatever happened to the door.
/// </summary>
internal sealed class AdServerBooks(DoorProcess door)
{
    private readonly ConcurrentQueue<Told> _events = new();
    private readonly Lock _lock = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private int _acknowledged;

    /// <summary>Events so far.</summary>
    public int Count => _events.Count;

    /// <summary>Events of which it is not known whether the door had taken them when it died.</summary>
    public int InDoubt => _events.Count(told => told.InDoubt);

    /// <summary>Completes when so many events have been acknowledged.</summary>
    public Task AcknowledgedAsync(int count)
    {
        lock (_lock)
        {
            if (_acknowledged >= count)
                return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            return reached.Task;
        }
    }

    /// <summary>Notes that ads were shown, and that some of them were clicked, and tells the door once.</summary>
    public async Task ShowAsync(IReadOnlyList<AdsPlaced> ads)
    {
        var events = new List<Told>();
        foreach (AdsPlaced ad in ads)
        {
            events.Add(new Told(AdFeedback.Impression(ad), ad.CampaignId, false, ad.Charged == "impression" ? ad.Price : 0));
            if ((Count + events.Count) % 3 != 0)
                events.Add(new Told(AdFeedback.Click(ad), ad.CampaignId, true, ad.Charged == "click" ? ad.Price : 0));
        }
        foreach (Told told in events)
            _events.Enqueue(told);
        await TellAsync(events);
    }

    /// <summary>Tells everything that the door has not acknowledged.</summary>
    public async Task CatchUpAsync()
    {
        foreach (Told[] batch in _events.Where(told => told.Outcome is null).Chunk(500))
            await TellAsync(batch);
        Assert.All(_events, told => Assert.NotNull(told.Outcome));
    }

    /// <summary>Tells everything again: the door knows it all.</summary>
    public async Task TellAgainAsync()
    {
        foreach (Told[] batch in _events.Chunk(500))
        {
            IReadOnlyList<FeedbackResult> results = await door.Client.SendEventsAsync([.. batch.Select(told => told.Feedback)]);
            Assert.All(results, result => Assert.Equal(("duplicate", 0m, 0m), (result.Outcome, result.Charged, result.Free)));
        }
    }

    /// <summary>The ledgers say what these books say.</summary>
    public async Task AssertBalancedAsync()
    {
        Dictionary<long, CampaignStanding> campaigns = await door.CampaignsAsync();
        Assert.Equal(FaultWorld.Campaigns, campaigns.Count);
        foreach ((long id, CampaignStanding campaign) in campaigns)
        {
            Told[] mine = [.. _events.Where(told => told.Campaign == id)];
            Assert.All(mine, told => Assert.True(
                told.Outcome == "applied" || (told.Outcome == "duplicate" && told.InDoubt), $"An event was {told.Outcome}."));
            CampaignDayBooks today = campaign.Today;
            Assert.Equal(mine.Count(told => !told.IsClick), today.Impressions);
            Assert.Equal(mine.Count(told => told.IsClick), today.Clicks);
            Assert.Equal(mine.Sum(told => told.Price), today.Spent + today.FreeAmount);
            Assert.Equal(campaign.TotalSpent, today.Spent);
            Assert.InRange(today.Spent, mine.Sum(told => told.Charged), today.Budget);
        }
    }

    /// <summary>One attempt; when it fails nobody knows whether the door had taken them.</summary>
    private async Task TellAsync(IReadOnlyList<Told> events)
    {
        if (events.Count == 0)
            return;
        try
        {
            IReadOnlyList<FeedbackResult> results = await door.Client.SendEventsAsync([.. events.Select(told => told.Feedback)]);
            for (int i = 0; i < events.Count; i++)
                (events[i].Outcome, events[i].Charged) = (results[i].Outcome, results[i].Charged);
            Acknowledge(events.Count);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or RecallException { IsTransient: true })
        {
            foreach (Told told in events)
                told.InDoubt = true;
        }
    }

    private void Acknowledge(int count)
    {
        lock (_lock)
        {
            _acknowledged += count;
            foreach ((_, TaskCompletionSource reached) in _waiting.Where(waiting => waiting.Count <= _acknowledged))
                reached.TrySetResult();
            _waiting.RemoveAll(waiting => waiting.Count <= _acknowledged);
        }
    }

    private sealed class Told(AdFeedback feedback, long campaign, bool isClick, decimal price)
    {
        public AdFeedback Feedback => feedback;

        public long Campaign => campaign;

        public bool IsClick => isClick;

        /// <summary>What it costs, if it costs anything.</summary>
        public decimal Price => price;

        public string? Outcome { get; set; }

        public decimal Charged { get; set; }

        public bool InDoubt { get; set; }
    }
}
