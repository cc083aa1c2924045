using RecallCluster.Grains.Machines;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Tests.Machines;

public sealed class OutboxTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Turns _turns = new();

    [Fact]
    public Task A_record_is_confirmed_with_its_own_batch_whatever_waits_behind_it() => _turns.RunAsync(async () =>
    {
        using var gate = new TellGate();
        var outbox = new Outbox("source/1", gate.TellAsync, new MachineHostOptions(), TimeProvider.System);

        Task first = outbox.Put("follower/1", RecordOf(1));
        await gate.EnteredAsync();
        Task second = outbox.Put("follower/1", RecordOf(2));
        gate.Open();
        await first.WaitAsync(Patience);

        await gate.EnteredAsync();
        Assert.False(second.IsCompleted);
        gate.Open();
        await second;
        Assert.Equal([1L, 2], gate.Told);
        Assert.Equal(0, outbox.Count);
    });

    [Fact]
    public Task What_is_not_told_when_it_closes_is_waited_for_no_longer_and_stays() => _turns.RunAsync(async () =>
    {
        using var gate = new TellGate();
        var outbox = new Outbox("source/1", gate.TellAsync, new MachineHostOptions(), TimeProvider.System);

        Task first = outbox.Put("follower/1", RecordOf(1));
        await gate.EnteredAsync();
        Task second = outbox.Put("follower/1", RecordOf(2));
        outbox.Close();
        gate.Open();

        await first.WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Patience));
        Assert.Equal([2L], outbox.Untold["follower/1"].Select(record => record.Sequence));
    });

    private static FollowedRecord RecordOf(long sequence) => new(sequence, 0, SumMachine.Command(sequence));

    /// <summary>A follower that takes a batch when it is let.</summary>
    private sealed class TellGate : IDisposable
    {
        private readonly SemaphoreSlim _entered = new(0), _open = new(0);

        public List<long> Told { get; } = [];

        public Task EnteredAsync() => _entered.WaitAsync();

        public void Open() => _open.Release();

        public async Task TellAsync(string follower, string source, IReadOnlyList<FollowedRecord> records)
        {
            _entered.Release();
            await _open.WaitAsync();
            Told.AddRange(records.Select(record => record.Sequence));
        }

        public void Dispose()
        {
            _entered.Dispose();
            _open.Dispose();
        }
    }
}
