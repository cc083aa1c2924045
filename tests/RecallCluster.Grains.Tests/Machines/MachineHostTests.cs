using RecallCluster.Grains.Machines;
using RecallCluster.Numerics;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Tests.Machines;

public sealed class MachineHostTests
{
    private const string Key = "sum/1", FollowerKey = "follower/1", Slow = "slow/1";

    private static readonly MachineHostOptions Quick = new()
    {
        Pause = TimeSpan.FromMilliseconds(1),
        SnapshotEvery = 5,
        MaxBatch = 4,
        GiveUpAfter = TimeSpan.FromMinutes(1),
    };

    private readonly MemoryMachineStore _store = new();
    private readonly Turns _turns = new();

    [Fact]
    public Task A_command_is_durable_when_it_is_answered() => _turns.RunAsync(async () =>
    {
        MachineHost<SumMachine> host = await OpenAsync(_store);
        Assert.Equal(3L, await host.TellAsync(SumMachine.Command(3)));
        Assert.Equal(7L, await host.TellAsync(SumMachine.Command(4)));

        MachineHost<SumMachine> next = await OpenAsync(_store);
        Assert.Equal([3, 4], next.Machine.Told);
        Assert.Equal(2, next.Last);
    });

    [Fact]
    public Task A_refused_command_changes_nothing_and_is_refused_again_on_replay() => _turns.RunAsync(async () =>
    {
        MachineHost<SumMachine> host = await OpenAsync(_store);
        await host.TellAsync(SumMachine.Command(1));
        await Assert.ThrowsAsync<ArgumentException>(() => host.TellAsync(SumMachine.Command(-5)));
        await host.TellAsync(SumMachine.Command(2));
        Assert.Equal([1, 2], (await OpenAsync(_store)).Machine.Told);
    });

    [Fact]
    public Task Commands_that_come_together_keep_their_order() => _turns.RunAsync(async () =>
    {
        MachineHost<SumMachine> host = await OpenAsync(_store);
        await Task.WhenAll(Enumerable.Range(1, 50).Select(n => host.TellAsync(SumMachine.Command(n))));
        Assert.Equal(Enumerable.Range(1, 50).Select(n => (long)n), host.Machine.Told);
        Assert.Equal(host.Machine.Told, (await OpenAsync(_store)).Machine.Told);
    });

    [Fact]
    public Task Of_two_hosts_only_one_writes_at_a_time_and_none_loses_a_command() => _turns.RunAsync(async () =>
    {
        MachineHost<SumMachine> one = await OpenAsync(_store), other = await OpenAsync(_store);
        for (int round = 0; round < 10; round++)
        {
            await one.TellAsync(SumMachine.Command((2 * round) + 1));
            Assert.Equal((long)(((2 * round) + 2) * ((2 * round) + 3) / 2), await other.TellAsync(SumMachine.Command((2 * round) + 2)));
        }
        MachineHost<SumMachine> fresh = await OpenAsync(_store);
        Assert.Equal(Enumerable.Range(1, 20).Select(n => (long)n), fresh.Machine.Told);
        Assert.Equal(fresh.Machine.Told, other.Machine.Told);
    });

    [Fact]
    public Task A_store_that_was_emptied_is_filled_from_memory() => _turns.RunAsync(async () =>
    {
        MachineHost<SumMachine> host = await OpenAsync(_store);
        await host.TellAsync(SumMachine.Command(1));
        await host.TellAsync(SumMachine.Command(2));
        _store.Clear();
        Assert.Equal(6L, await host.TellAsync(SumMachine.Command(3)));
        Assert.Equal([1, 2, 3], (await OpenAsync(_store)).Machine.Told);
    });

    [Fact]
    public Task A_store_that_does_not_answer_is_given_up_in_time() => _turns.RunAsync(async () =>
    {
        var troubled = new TroubledStore(_store, new SeededRandom(1));
        MachineHost<SumMachine> host = await OpenAsync(troubled, Quick with { GiveUpAfter = TimeSpan.FromMilliseconds(20) });
        troubled.FailureRate = 1;
        await Assert.ThrowsAsync<IOException>(() => host.TellAsync(SumMachine.Command(1)));
        troubled.FailureRate = 0;
        await host.TellAsync(SumMachine.Command(2));
        // Nobody knows whether the first was written; what is known is that it was not twice, and that the second was.
        Assert.Equal(2, host.Machine.Told[^1]);
        Assert.InRange(host.Machine.Told.Count, 1, 2);
        Assert.Equal(host.Machine.Told, (await OpenAsync(_store)).Machine.Told);
    });

    [Fact]
    public Task A_snapshot_of_a_later_format_is_refused_by_name() => _turns.RunAsync(async () =>
    {
        byte[] later = MessagePack.MessagePackSerializer.Serialize(
            new MachineSnapshot
            {
                Format = MachineSnapshot.NewestFormat + 1,
                State = [],
                Heard = new Dictionary<string, long>(),
                Untold = new Dictionary<string, FollowedRecord[]>(),
                Written = new Dictionary<Guid, long>(),
            },
            Wire.WireFormat.Options);
        await _store.SnapshotAsync(Key, 1, later, CancellationToken.None);
        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync(_store));
        Assert.Contains(Key, refused.Message, StringComparison.Ordinal);
        Assert.Contains("format 2", refused.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task A_damaged_record_is_refused_by_name() => _turns.RunAsync(async () =>
    {
        await _store.AppendAsync(Key, 0, [new byte[] { 0xc1, 1, 2 }], CancellationToken.None);
        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync(_store));
        Assert.Contains($"{Key}: record 1", refused.Message, StringComparison.Ordinal);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public Task Whatever_fails_every_command_is_applied_and_followed_once(int seed) => _turns.RunAsync(async () =>
    {
        var random = new SeededRandom((ulong)seed);
        var troubled = new TroubledStore(_store, new SeededRandom((ulong)seed + 100)) { FailureRate = 0 };
        MachineHost<SumMachine> follower = await OpenAsync(troubled, Quick, FollowerKey);
        async Task Tell(string to, string source, IReadOnlyList<FollowedRecord> records)
        {
            MachineHost<SumMachine> told = follower;
            if (random.NextDouble() < 0.1)
                throw new IOException("The follower was not reached.");
            await told.FollowAsync(source, records);
            if (random.NextDouble() < 0.1)
                throw new IOException("The follower's answer was lost.");
        }
        MachineHost<SumMachine>[] hosts = [await OpenAsync(troubled, tell: Tell), await OpenAsync(troubled, tell: Tell)];
        troubled.FailureRate = 0.2;
        var sent = new List<Task>();
        for (int number = 1; number <= 200; number++)
        {
            sent.Add(TellAsync(hosts[random.NextInt(2)], number));
            if (random.NextInt(10) == 0)
                await Task.WhenAll(sent);
            if (random.NextInt(25) == 0)
                hosts[random.NextInt(2)] = await ReopenAsync(troubled, Tell);
            if (random.NextInt(25) == 0)
                follower = await ReopenAsync(troubled, null, FollowerKey);
        }
        await Task.WhenAll(sent);
        troubled.FailureRate = 0;
        Assert.Equal(Enumerable.Range(1, 200).Select(n => (long)n), (await OpenAsync(_store)).Machine.Told.Order());

        // Whoever opens the machine next tells what was not confirmed.
        MachineHost<SumMachine> last = await OpenAsync(_store, tell: Tell);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (last.Untold > 0 || hosts.Any(h => h.Untold > 0))
            await Task.Delay(1, patience.Token);
        MachineHost<SumMachine> heard = await OpenAsync(_store, Quick, FollowerKey);
        Assert.Equal(Enumerable.Range(1, 200).Select(n => (long)n), heard.Machine.Followed.Select(f => f.Number).Order());
    });

    [Fact]
    public Task Who_sends_a_command_does_not_wait_for_a_follower_that_is_told_in_its_own_time() => _turns.RunAsync(async () =>
    {
        var answer = new TaskCompletionSource();
        var heard = new List<string>();
        async Task Tell(string to, string source, IReadOnlyList<FollowedRecord> records)
        {
            heard.Add(to);
            if (to == Slow)
                await answer.Task;
        }
        var kind = new MachineKind<SumMachine>(Key, () => new SumMachine())
        {
            FollowersOf = _ => [FollowerKey, Slow], WaitsFor = follower => follower != Slow,
        };
        // Whoever waits for the slow one never ends.
        var host = new MachineHost<SumMachine>(
            kind, _store, Tell, Quick with { FollowersWait = TimeSpan.FromDays(1) }, TimeProvider.System);
        await host.OpenAsync(CancellationToken.None);

        Assert.Equal(3L, await host.TellAsync(SumMachine.Command(3)));

        Assert.Equal([FollowerKey, Slow], heard.Order(StringComparer.Ordinal));
        Assert.Equal(1, host.Untold);
        answer.SetResult();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (host.Untold > 0)
            await Task.Delay(1, patience.Token);
    });

    private static async Task TellAsync(MachineHost<SumMachine> host, int number)
    {
        try
        {
            await host.TellAsync(SumMachine.Command(number));
        }
        catch (AnswerLostException)
        {
            // Applied, and that is what is counted.
        }
    }

    private static async Task<MachineHost<SumMachine>> ReopenAsync(TroubledStore store, TellFollower? tell, string key = Key)
    {
        while (true)
        {
            try
            {
                return await OpenAsync(store, Quick, key, tell);
            }
            catch (IOException)
            {
                await Task.Yield();
            }
        }
    }

    private static async Task<MachineHost<SumMachine>> OpenAsync(
        IMachineStore store, MachineHostOptions? options = null, string key = Key, TellFollower? tell = null)
    {
        var kind = new MachineKind<SumMachine>(key, () => new SumMachine())
        {
            FollowersOf = tell is null ? null : _ => [FollowerKey],
        };
        var host = new MachineHost<SumMachine>(
            kind, store, tell ?? ((_, _, _) => Task.CompletedTask), options ?? Quick, TimeProvider.System);
        await host.OpenAsync(CancellationToken.None);
        return host;
    }
}
