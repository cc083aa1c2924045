using RecallCluster.Grains.Campaigns;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Tests.Machines;

namespace RecallCluster.Grains.Tests.Campaigns;

public sealed class PublisherTests
{
    private static readonly MachineHostOptions Patient = new() { FollowersWait = TimeSpan.FromHours(1) };

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Turns _turns = new();

    [Fact]
    public Task It_is_published_when_its_own_publication_was_whatever_changes_meanwhile() => _turns.RunAsync(async () =>
    {
        int publications = 0;
        Publisher publisher = null!;
        publisher = new Publisher(
            async () =>
            {
                publications++;
                await Task.Yield();
                // A market that never rests.
                publisher.Schedule();
            },
            Patient, TimeProvider.System);

        await publisher.PublishAsync().WaitAsync(Patience);
        int before = publications;
        await publisher.PublishAsync().WaitAsync(Patience);

        Assert.InRange(before, 1, publications - 1);
        publisher.Stop();
    });

    [Fact]
    public Task A_book_that_cannot_be_reached_is_waited_for_only_so_long() => _turns.RunAsync(async () =>
    {
        var quick = new MachineHostOptions { FollowersWait = TimeSpan.FromMilliseconds(20), Pause = TimeSpan.FromMilliseconds(1) };
        bool isThere = false;
        var published = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var publisher = new Publisher(
            () =>
            {
                if (!isThere)
                    throw new IOException("The book cannot be reached.");
                published.TrySetResult();
                return Task.CompletedTask;
            },
            quick, TimeProvider.System);

        await publisher.PublishAsync().WaitAsync(Patience);
        Assert.False(published.Task.IsCompleted);
        isThere = true;

        await published.Task;
        publisher.Stop();
    });
}
