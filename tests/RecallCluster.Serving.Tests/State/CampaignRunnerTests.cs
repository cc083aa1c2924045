using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class CampaignRunnerTests
{
    [Fact]
    public async Task A_campaign_whose_tick_fails_keeps_no_other_from_its_tick()
    {
        const int Campaigns = 40;
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        for (long id = 1; id <= Campaigns; id++)
            await state.Campaigns.PutAsync(Some.Campaign(id, ManualClock.Morning), 0, default);
        clock.Advance(TimeSpan.FromHours(1));
        var journal = new FailingJournal(state.Journal, CampaignDirectory.KeyOf(3));
        var runner = new CampaignRunner(
            state.Directory, journal, clock, new CampaignCommands(new JournalCampaigns(journal), clock, state.Directory.Factory));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => runner.TickAsync());

        Assert.Contains("campaign 3", error.Message, StringComparison.Ordinal);
        IReadOnlyList<CampaignView> views = await state.Campaigns.ListAsync(0, Campaigns, default);
        Assert.Equal([3L], views.Where(view => view.Ticks.Count < 2).Select(view => view.Settings.Id));
    }

    /// <summary>A journal at which one machine fails.</summary>
    private sealed class FailingJournal(IJournal inner, string failing) : IJournal
    {
        public long Epoch => inner.Epoch;

        public JournalStatus Status => inner.Status;

        public Task<object?> AppendAsync(
            string key, ReadOnlyMemory<byte> payload, IReadOnlyList<string> followers, CancellationToken cancellation) =>
            key == failing
                ? Task.FromException<object?>(new InvalidOperationException("It broke."))
                : inner.AppendAsync(key, payload, followers, cancellation);

        public Task<T> ReadAsync<T>(Func<T> look, CancellationToken cancellation) => inner.ReadAsync(look, cancellation);

        public Task SnapshotAsync(string key, CancellationToken cancellation) => inner.SnapshotAsync(key, cancellation);

        public string? Meta(string name) => inner.Meta(name);

        public Task SetMetaAsync(string name, string value, CancellationToken cancellation) =>
            inner.SetMetaAsync(name, value, cancellation);
    }
}
