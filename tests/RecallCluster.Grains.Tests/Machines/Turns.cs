namespace RecallCluster.Grains.Tests.Machines;

/// <summary>One thing at a time, as the turns of a grain.</summary>
internal sealed class Turns
{
    private readonly TaskFactory _factory = new(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

    public Task RunAsync(Func<Task> work) => _factory.StartNew(work).Unwrap();

    public Task<T> RunAsync<T>(Func<Task<T>> work) => _factory.StartNew(work).Unwrap();
}
