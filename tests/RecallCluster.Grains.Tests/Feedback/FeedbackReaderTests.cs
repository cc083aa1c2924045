using System.Collections.Concurrent;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Feedback;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Grains.Tests.Feedback;

/// <summary>What a reader does with the events of campaigns that cannot be reached.</summary>
public sealed class FeedbackReaderTests : IDisposable
{
    private const long Stuck = 1, Sound = 2;

    private static readonly FeedbackStoreOptions Options = new()
    {
        Redeliver = TimeSpan.FromSeconds(5),
        Poll = TimeSpan.FromSeconds(10),
        Patience = TimeSpan.FromHours(1),
        MaxTaken = 512,
        AtOnce = 8,
    };

    private readonly HandTime _time = new();
    private readonly MemoryFeedbackStore _stream;
    private readonly Campaigns _campaigns = new();
    private readonly FeedbackReader _reader;

    public FeedbackReaderTests()
    {
        _stream = new MemoryFeedbackStore(Options, _time);
        _reader = new FeedbackReader(_stream, _campaigns, Options, "reader", _time);
    }

    public void Dispose() => _reader.Dispose();

    [Fact]
    public async Task A_campaign_that_answers_for_none_is_passed_over_until_it_answers_for_one()
    {
        _campaigns.Answer = happened => happened.Win.CampaignId == Stuck ? throw new IOException("It is away.") : Task.CompletedTask;
        await AppendAsync(Stuck, 100);
        await AppendAsync(Sound, 3);

        Assert.Equal((8, 3), await PassAsync());
        // What failed is not asked again before a while is over, then with one event.
        _time.Seconds += 6;
        Assert.Equal((8, 3), await PassAsync());
        _time.Seconds += 6;
        Assert.Equal((9, 3), await PassAsync());
        Assert.Equal(new FeedbackStoreStatus(100, 0), await _stream.StatusAsync(default));

        _campaigns.Answer = _ => Task.CompletedTask;
        _time.Seconds += 12;
        Assert.Equal((10, 3), await PassAsync());
        _time.Seconds += 6;
        Assert.Equal((109, 3), await PassAsync());
        Assert.Equal(new FeedbackStoreStatus(0, 0), await _stream.StatusAsync(default));
    }

    [Fact]
    public async Task A_campaign_that_failed_and_is_silent_takes_no_room_of_others()
    {
        _campaigns.Answer = happened => happened.Win.CampaignId == Stuck ? throw new IOException("It is away.") : Task.CompletedTask;
        await AppendAsync(Stuck, 1);
        await PassAsync();
        var silence = new TaskCompletionSource();
        _campaigns.Answer = happened => happened.Win.CampaignId == Stuck ? silence.Task : Task.CompletedTask;
        _time.Seconds += 12;
        await AppendAsync(Stuck, 2_000);
        await AppendAsync(Sound, 3);

        while (await _reader.PassAsync(default))
        {
        }

        await _campaigns.UntilAskedAsync(Sound, 3);
        await _campaigns.UntilAskedAsync(Stuck, 2);
        Assert.Equal(2, _campaigns.AskedOf(Stuck));
        silence.SetResult();
        await _reader.IdleAsync();
        Assert.Equal(new FeedbackStoreStatus(2_000, 0), await _stream.StatusAsync(default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    public async Task One_event_that_never_comes_through_holds_up_no_other_of_its_campaign(int which)
    {
        _campaigns.Answer = _ => throw new IOException("It is away.");
        await AppendAsync(Sound, 20);
        await PassAsync();
        _campaigns.Answer = happened => happened.Win.Id == (UInt128)which ? throw new IOException("Not this one.") : Task.CompletedTask;

        for (int i = 0; i < 4; i++)
        {
            _time.Seconds += 12;
            await PassAsync();
        }

        Assert.Equal(new FeedbackStoreStatus(1, 0), await _stream.StatusAsync(default));
    }

    [Fact]
    public async Task What_cannot_be_counted_holds_up_nothing_that_is_charged()
    {
        _campaigns.Answer = happened => happened.Kind == AdEventKind.Engagement ? throw new IOException("It is away.") : Task.CompletedTask;
        await AppendAsync(Sound, 100, AdEventKind.Engagement);
        await AppendAsync(Sound, 3);

        await PassAsync();

        Assert.Equal(8 + 3, _campaigns.AskedOf(Sound));
        Assert.Equal(new FeedbackStoreStatus(100, 0), await _stream.StatusAsync(default));
    }

    /// <returns>How many events the campaigns were asked with by now.</returns>
    private async Task<(int Stuck, int Sound)> PassAsync()
    {
        await _reader.PassAsync(default);
        await _reader.IdleAsync();
        return (_campaigns.AskedOf(Stuck), _campaigns.AskedOf(Sound));
    }

    private async Task AppendAsync(long campaign, int events, AdEventKind kind = AdEventKind.Click)
    {
        for (int i = 0; i < events; i++)
        {
            var win = new Win
            {
                Id = (UInt128)i,
                RequestId = "r",
                CampaignId = campaign,
                AdId = "a",
                Gateway = 1,
                Lease = 1,
                AuctionAt = default,
                Price = new Micros(1),
                IsPerClick = true,
                RawClickProbability = 0.1,
                ClickProbability = 0.1,
            };
            await new StreamedEvents(_stream).AppendAsync(new AdEvent(kind, win), default, default);
        }
    }

    private sealed class Campaigns : EventDelivery
    {
        private readonly ConcurrentDictionary<long, int> _asked = new();

        public Func<AdEvent, Task> Answer { get; set; } = _ => Task.CompletedTask;

        public int AskedOf(long campaign) => _asked.GetValueOrDefault(campaign);

        public async Task UntilAskedAsync(long campaign, int times)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            while (AskedOf(campaign) < times)
                await Task.Delay(5, patience.Token);
        }

        protected override async Task<bool> EngageAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation) =>
            (await ChargeAsync(happened, at, cancellation)).Outcome == LedgerOutcome.Applied;

        protected override async Task<AdEventResult> ChargeAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation)
        {
            _asked.AddOrUpdate(happened.Win.CampaignId, 1, (_, times) => times + 1);
            await Answer(happened);
            return new AdEventResult(LedgerOutcome.Applied, default, default);
        }
    }

    private sealed class HandTime : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
