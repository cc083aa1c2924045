using System.Diagnostics.Metrics;
using System.Text;
using MessagePack;
using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Campaigns;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Tests.Machines;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Wire;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Events of campaigns that cannot be told now.</summary>
public sealed class DeferredFeedbackTests
{
    private const string OneCampaign = "campaign/1";

    [Theory]
    [InlineData((int)CutKind.Calls)]
    [InlineData((int)CutKind.Answers)]
    public async Task They_are_accepted_at_once_and_applied_once_when_the_campaign_can_be_reached(int cut)
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        List<AdEvent> events = await WinAsync(host, 20);
        host.Cut.Begin((CutKind)cut, campaign: 1);

        IReadOnlyList<AdEventResult> accepted = await host.Feedback.AcceptAsync(events, default);

        Assert.All(accepted, result => Assert.Equal(LedgerOutcome.Pending, result.Outcome));
        Assert.Equal(events.Count, (await host.Stream.StatusAsync(default)).Waiting);
        host.Cut.End();
        await EmptyAsync(host);
        DayAccount account = await host.AccountAsync(1);
        Assert.Equal((20, 20), (account.Impressions, account.Clicks));
        Assert.Equal(events.Where(e => e.Kind == AdEventKind.Click).Sum(e => e.Win.Price.Value), account.Spent.Value);
        Assert.Equal(0, (await host.Stream.StatusAsync(default)).Parked);
        // They were told at last: told again they are known.
        Assert.All(await host.Feedback.AcceptAsync(events, default), result => Assert.Equal(LedgerOutcome.Duplicate, result.Outcome));
    }

    [Fact]
    public async Task They_hold_up_nobody_else_s()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1), (2, 0.5, 1)));
        List<AdEvent> events = await WinAsync(host, 5);
        host.Cut.Begin(CutKind.Calls, campaign: 1);
        await host.Feedback.AcceptAsync(events, default);
        AdEvent other = (await WinAsync(host, 5)).Find(e => e.Win.CampaignId == 2)!;
        await new StreamedEvents(host.Stream).AppendAsync(other, host.Now, default);

        await UntilAsync(async () => (await host.AccountAsync(2)).Impressions == 6);

        Assert.True((await host.Stream.StatusAsync(default)).Waiting > 0);
        Assert.Equal(0, (await host.AccountAsync(1)).Impressions);
    }

    [Fact]
    public async Task Poison_is_parked_with_its_reason_and_what_comes_after_it_is_delivered()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        AdEvent good = (await WinAsync(host, 1))[0];
        var events = new StreamedEvents(host.Stream);
        await host.Stream.AppendAsync(1, new byte[] { 0xC1, 7, 7 }, default);
        await events.AppendAsync(good with { Win = good.Win with { CampaignId = 99 } }, host.Now, default);
        await events.AppendAsync(good with { Win = good.Win with { Id = 12345, Lease = 4711 } }, host.Now, default);
        await events.AppendAsync(good, host.Now, default);

        await EmptyAsync(host);

        Assert.Equal(1, (await host.AccountAsync(1)).Impressions);
        IReadOnlyList<ParkedEvent> parked = await host.Stream.ParkedAsync(9, default);
        Assert.Equal(3, parked.Count);
        Assert.Contains(parked, one => one.Reason.StartsWith("InvalidDataException", StringComparison.Ordinal));
        Assert.Contains(parked, one => one is { Campaign: 99, Reason: nameof(LedgerOutcome.UnknownCampaign) });
        Assert.Contains(parked, one => one is { Campaign: 1, Reason: nameof(LedgerOutcome.UnknownLease) });
    }

    [Fact]
    public async Task What_a_grain_fails_at_is_parked_with_its_reason_and_counted()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        AdEvent good = (await WinAsync(host, 1))[0];
        var events = new StreamedEvents(host.Stream);
        int counted = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument is { Meter.Name: "RecallCluster.Grains", Name: "recall.feedback.parked" })
                to.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, (int)value));
        listener.Start();

        // No door lets it in, and no ledger answers for it.
        Win owed = good.Win with { Id = 12345, Price = new Micros(-1), IsPerClick = false };
        await events.AppendAsync(new AdEvent(AdEventKind.Impression, owed), host.Now, default);
        await events.AppendAsync(good, host.Now, default);
        await EmptyAsync(host);

        ParkedEvent parked = Assert.Single(await host.Stream.ParkedAsync(9, default));
        Assert.Equal(1, parked.Campaign);
        Assert.StartsWith("ArgumentOutOfRangeException: ", parked.Reason, StringComparison.Ordinal);
        Assert.Equal(1, (await host.AccountAsync(1)).Impressions);
        await UntilAsync(() => Task.FromResult(Volatile.Read(ref counted) > 0));
    }

    [Fact]
    public async Task They_wait_where_a_later_version_has_written_what_this_one_cannot_read()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        List<AdEvent> events = await WinAsync(host, 5);
        byte[] fold = MessagePackSerializer.Serialize(
            new MachineRecord { Writer = Guid.NewGuid(), Number = 1, Payload = Encoding.UTF8.GetBytes("""{"$type":"fold"}""") },
            WireFormat.Options);
        StoredMachine before;
        do
            before = await host.Store.LoadAsync(OneCampaign, default);
        while (await host.Store.AppendAsync(OneCampaign, before.Last, [fold], default) != StoreOutcome.Done);

        IReadOnlyList<AdEventResult> accepted = await host.Feedback.AcceptAsync(events, default);

        Assert.All(accepted, result => Assert.Equal(LedgerOutcome.Pending, result.Outcome));
        // It is open nowhere, so that a silo of the later version can open it, and nobody has overwritten anything.
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => host.Grains.GetGrain<ICampaignGrain>(1).ViewAsync());
        Assert.Contains($"{OneCampaign}: record {before.Last + 1} cannot be read", refused.Message, StringComparison.Ordinal);
        StoredMachine after = await host.Store.LoadAsync(OneCampaign, default);
        Assert.Equal((before.SnapshotAt, before.Last + 1), (after.SnapshotAt, after.Last));
        Assert.Equal(0, (await host.Stream.StatusAsync(default)).Parked);
        // A silo that can read it takes a snapshot, which this version can read again.
        await host.Store.SnapshotAsync(OneCampaign, after.Last, await SnapshotAsync(host, before), default);
        await EmptyAsync(host);
        DayAccount account = await host.AccountAsync(1);
        Assert.Equal((5, 5), (account.Impressions, account.Clicks));
    }

    /// <summary>A snapshot of what is stored of the campaign.</summary>
    private static Task<ReadOnlyMemory<byte>> SnapshotAsync(OrleansLoop loop, StoredMachine stored) => new Turns().RunAsync(async () =>
    {
        var copy = new MemoryMachineStore();
        await copy.SnapshotAsync(OneCampaign, stored.SnapshotAt, stored.Snapshot, default);
        await copy.AppendAsync(OneCampaign, stored.SnapshotAt, stored.Tail, default);
        MachineFactory factory = loop.ServicesOf(0).GetRequiredService<MachineFactory>();
        var kind = new MachineKind<Campaign>(OneCampaign, () => factory.Campaign(OneCampaign)) { FollowersOf = CampaignGrain.FollowersOf };
        // What followers have not confirmed stays in it: none is told from here.
        var host = new MachineHost<Campaign>(
            kind, copy, (_, _, _) => new TaskCompletionSource().Task, new MachineHostOptions(), TimeProvider.System);
        await host.OpenAsync(default);
        await host.SnapshotAsync();
        return (await copy.LoadAsync(OneCampaign, default)).Snapshot;
    });

    /// <summary>Impressions and clicks of so many wins.</summary>
    private static async Task<List<AdEvent>> WinAsync(OrleansLoop host, int wins)
    {
        var events = new List<AdEvent>();
        for (int i = 0; i < wins; i++)
        {
            AdAnswer answer = await host.Gateway.AnswerAsync(
                LoopWorld.Request($"{Guid.NewGuid():N}", $"u{i}", new SlotRequest("s") { Count = 2 }), default);
            foreach (PlacedAd ad in answer.Ads)
                events.AddRange([new AdEvent(AdEventKind.Impression, ad.Win), new AdEvent(AdEventKind.Click, ad.Win)]);
        }
        return events;
    }

    private static Task EmptyAsync(OrleansLoop host) =>
        UntilAsync(async () => (await host.Stream.StatusAsync(default)).Waiting == 0);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!await condition())
            await Task.Delay(20, patience.Token);
    }
}
