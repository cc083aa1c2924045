using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class ServingStateTests
{
    [Fact]
    public async Task State_that_could_not_be_opened_lets_go_of_its_file()
    {
        using var file = new StateFile();
        var broken = new BrokenClock();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => file.OpenAsync(broken));
        Assert.Equal("The clock stands.", error.Message);

        await using ServingState state = await file.OpenAsync(new ManualClock(ManualClock.Morning));

        Assert.Equal(2, state.Epoch);
    }

    [Fact]
    public async Task A_book_that_could_not_be_published_is_told_of()
    {
        using var file = new StateFile();
        await using ServingState state = await file.OpenAsync(new ManualClock(ManualClock.Morning));
        bool fails = true;
        state.Directory.Published += _ =>
        {
            if (fails)
                throw new InvalidOperationException("Nobody can use it.");
        };

        await state.Campaigns.PutAsync(Some.Campaign(1, ManualClock.Morning), 0, default);
        BackgroundState failed = await PublicationAsync(state, isFailing: true);
        fails = false;
        await state.Campaigns.PutAsync(Some.Campaign(2, ManualClock.Morning), 0, default);
        BackgroundState recovered = await PublicationAsync(state, isFailing: false);

        Assert.Equal("Nobody can use it.", failed.LastFailure.Message);
        Assert.Equal(1, recovered.Failures);
    }

    private static async Task<BackgroundState> PublicationAsync(ServingState state, bool isFailing)
    {
        while (true)
        {
            if (state.Background.Parts.SingleOrDefault(part => part.Part == "publication") is { } found && found.IsFailing == isFailing)
                return found;
            await state.Journal.ReadAsync(() => true, default);
        }
    }

    private sealed class BrokenClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("The clock stands.");
    }
}
