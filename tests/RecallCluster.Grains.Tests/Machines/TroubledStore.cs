using RecallCluster.Grains.Machines;
using RecallCluster.Numerics;

namespace RecallCluster.Grains.Tests.Machines;

/// <summary>A store over another that fails now and then, before the write or after it, and answers late.</summary>
internal sealed class TroubledStore(IMachineStore store, SeededRandom random) : IMachineStore
{
    /// <summary>The share of calls that fail.</summary>
    public double FailureRate { get; set; }

    public Task<StoredMachine> LoadAsync(string key, CancellationToken cancellation) =>
        TroubleAsync(() => store.LoadAsync(key, cancellation));

    public Task<StoreOutcome> AppendAsync(
        string key, long after, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellation) =>
        TroubleAsync(() => store.AppendAsync(key, after, records, cancellation));

    public Task<StoreOutcome> SnapshotAsync(string key, long at, ReadOnlyMemory<byte> snapshot, CancellationToken cancellation) =>
        TroubleAsync(() => store.SnapshotAsync(key, at, snapshot, cancellation));

    private async Task<T> TroubleAsync<T>(Func<Task<T>> call)
    {
        double draw = random.NextDouble();
        await Task.Yield();
        if (draw < FailureRate / 2)
            throw new IOException("The request was lost.");
        T answer = await call().ConfigureAwait(true);
        await Task.Yield();
        return draw < FailureRate ? throw new IOException("The answer was lost.") : answer;
    }
}
