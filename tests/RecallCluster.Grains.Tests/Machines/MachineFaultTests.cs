using MessagePack;
using RecallCluster.Grains.Machines;
using RecallCluster.Wire;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Tests.Machines;

/// <summary>What a host holds on to when its store, or what is stored, is not as it should be.</summary>
public sealed class MachineFaultTests
{
    private const string Key = "sum/1";

    private readonly MemoryMachineStore _store = new();
    private readonly Turns _turns = new();

    [Fact]
    public Task A_machine_that_cannot_be_read_again_is_held_as_it_was_and_takes_no_commands() => _turns.RunAsync(async () =>
    {
        MachineHost<SumMachine> host = await OpenAsync(_store, TimeProvider.System);
        await host.TellAsync(SumMachine.Command(3));
        // Another host of a later version has written.
        var later = new MachineSnapshot
        {
            Format = MachineSnapshot.NewestFormat + 1,
            State = [],
            Heard = new Dictionary<string, long>(),
            Untold = new Dictionary<string, FollowedRecord[]>(),
            Written = new Dictionary<Guid, long>(),
        };
        await _store.SnapshotAsync(Key, 2, MessagePackSerializer.Serialize(later, WireFormat.Options), default);

        for (int attempt = 0; attempt < 2; attempt++)
        {
            await Assert.ThrowsAsync<InvalidDataException>(() => host.TellAsync(SumMachine.Command(4)));
            Assert.Equal([3L], host.Machine.Told);
            Assert.Equal(1, host.Last);
        }
        await host.SnapshotAsync();
        Assert.Equal(2, (await _store.LoadAsync(Key, default)).SnapshotAt);

        // Were the store to lose all of it, what is held would be the best there is.
        _store.Clear();
        Assert.Equal(8L, await host.TellAsync(SumMachine.Command(5)));
        Assert.Equal([3L, 5], (await OpenAsync(_store, TimeProvider.System)).Machine.Told);
    });

    [Fact]
    public Task Of_what_came_together_from_one_source_nothing_is_given_up_alone() => _turns.RunAsync(async () =>
    {
        // Had each record its own age, the first of the two would be too old at 12 and the second not.
        var clock = new ReadingClock([0, 11], then: 12);
        var store = new FailingOnce(_store);
        MachineHost<SumMachine> host = await OpenAsync(store, clock);
        FollowedRecord[] records = [new(1, 0, SumMachine.Command(1)), new(2, 0, SumMachine.Command(2))];

        await Assert.ThrowsAsync<IOException>(() => host.FollowAsync("source/1", records));
        await host.FollowAsync("source/1", records);

        Assert.Equal([1L, 2], host.Machine.Followed.Select(followed => followed.Number));
    });

    [Theory]
    [InlineData((int)StoreOutcome.Conflict)]
    [InlineData((int)StoreOutcome.Lost)]
    public Task A_store_that_never_takes_what_follows_from_what_it_gives_is_given_up(int outcome) => _turns.RunAsync(async () =>
    {
        // Each look at the clock is a second later: after the first pause whoever waits has waited for long enough.
        var clock = new ReadingClock([.. Enumerable.Range(0, 50)], then: 50);
        var store = new StubbornStore(_store, (StoreOutcome)outcome);
        MachineHost<SumMachine> host = await OpenAsync(store, clock, giveUpAfter: TimeSpan.FromTicks(1));

        IOException gaveUp = await Assert.ThrowsAsync<IOException>(() => host.TellAsync(SumMachine.Command(1)));

        Assert.StartsWith($"{Key}: the store ", gaveUp.Message, StringComparison.Ordinal);
        Assert.InRange(store.Appends, 2, 20);
        store.IsStubborn = false;
        Assert.Equal(2L, await host.TellAsync(SumMachine.Command(2)));
    });

    private static async Task<MachineHost<SumMachine>> OpenAsync(
        IMachineStore store, TimeProvider time, TimeSpan? giveUpAfter = null)
    {
        var options = new MachineHostOptions
        {
            Pause = TimeSpan.FromMilliseconds(1), GiveUpAfter = giveUpAfter ?? TimeSpan.FromSeconds(10),
        };
        var host = new MachineHost<SumMachine>(
            new MachineKind<SumMachine>(Key, () => new SumMachine()), store, (_, _, _) => Task.CompletedTask, options, time);
        await host.OpenAsync(default);
        return host;
    }

    /// <summary>A clock that shows the given seconds, one at each look, and from then on the last.</summary>
    private sealed class ReadingClock(int[] seconds, int then) : TimeProvider
    {
        private int _looks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _looks < seconds.Length ? seconds[_looks++] : then;
    }

    /// <summary>Appends have one outcome and write nothing.</summary>
    private sealed class StubbornStore(IMachineStore store, StoreOutcome outcome) : IMachineStore
    {
        public bool IsStubborn { get; set; } = true;

        public int Appends { get; private set; }

        public Task<StoredMachine> LoadAsync(string key, CancellationToken cancellation) => store.LoadAsync(key, cancellation);

        public Task<StoreOutcome> AppendAsync(
            string key, long after, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellation)
        {
            // Were it asked for ever, the test would not end.
            if (!IsStubborn || ++Appends > 1000)
                return store.AppendAsync(key, after, records, cancellation);
            return Task.FromResult(outcome);
        }

        public Task<StoreOutcome> SnapshotAsync(string key, long at, ReadOnlyMemory<byte> snapshot, CancellationToken cancellation) =>
            store.SnapshotAsync(key, at, snapshot, cancellation);
    }

    /// <summary>The first append is lost.</summary>
    private sealed class FailingOnce(IMachineStore store) : IMachineStore
    {
        private bool _hasFailed;

        public Task<StoredMachine> LoadAsync(string key, CancellationToken cancellation) => store.LoadAsync(key, cancellation);

        public Task<StoreOutcome> AppendAsync(
            string key, long after, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellation)
        {
            if (_hasFailed)
                return store.AppendAsync(key, after, records, cancellation);
            _hasFailed = true;
            throw new IOException("The request was lost.");
        }

        public Task<StoreOutcome> SnapshotAsync(string key, long at, ReadOnlyMemory<byte> snapshot, CancellationToken cancellation) =>
            store.SnapshotAsync(key, at, snapshot, cancellation);
    }
}
