using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Tests;

namespace RecallCluster.Grains.Tests.Shards;

public sealed class FreedRoomTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly SemaphoreSlim _passed = new(0);
    private readonly TaskCompletionSource _load = new();
    private FreedRoom _room = null!;
    private int _passes;

    public void Dispose() => _passed.Dispose();

    [Fact]
    public async Task What_is_being_loaded_and_what_asks_a_moment_later_come_first()
    {
        _room = new FreedRoom(() => _load.Task.IsCompleted ? [] : [_load.Task], Pass, _time);
        _room.Offer();
        _load.SetException(new IOException("it fails, which is an end too"));
        await RestAsync(FreedRoom.Rest / 2);
        _room.Asked();
        _time.Advance(FreedRoom.Rest / 2);
        await RestAsync(FreedRoom.Rest - TimeSpan.FromTicks(1));
        Assert.Equal(0, _passes);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.True(await _passed.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_load_that_began_meanwhile_is_waited_for()
    {
        int looks = 0;
        // It is not there at the first look, and is at the second.
        _room = new FreedRoom(() => ++looks > 1 && !_load.Task.IsCompleted ? [_load.Task] : [], Pass, _time);
        _room.Offer();
        await RestAsync(FreedRoom.Rest);
        await UntilAsync(() => Volatile.Read(ref looks) >= 3);
        Assert.Equal(0, _passes);
        _load.SetResult();
        await RestAsync(FreedRoom.Rest);

        Assert.True(await _passed.WaitAsync(Patience));
    }

    [Fact]
    public async Task Room_that_comes_free_during_a_pass_has_one_of_its_own()
    {
        _room = new FreedRoom(
            () => [],
            () =>
            {
                if (_passes == 0)
                    _room.Offer();
                return Pass();
            },
            _time);
        _room.Offer();
        // It is not there for the first pass alone.
        _room.Offer();
        await RestAsync(FreedRoom.Rest);
        Assert.True(await _passed.WaitAsync(Patience));
        await RestAsync(FreedRoom.Rest);
        Assert.True(await _passed.WaitAsync(Patience));

        Assert.Equal(2, _passes);
        _room.Offer();
        await RestAsync(FreedRoom.Rest);
        Assert.True(await _passed.WaitAsync(Patience));
        Assert.Equal(3, _passes);
    }

    [Fact]
    public async Task A_pass_that_had_to_give_room_back_is_made_again()
    {
        _room = new FreedRoom(() => [], () => !Pass() && _passes == 1, _time);
        _room.Offer();
        await RestAsync(FreedRoom.Rest);
        Assert.True(await _passed.WaitAsync(Patience));
        await RestAsync(FreedRoom.Rest);

        Assert.True(await _passed.WaitAsync(Patience));
    }

    private bool Pass()
    {
        _passes++;
        _passed.Release();
        return false;
    }

    private async Task RestAsync(TimeSpan time)
    {
        await UntilAsync(() => _time.Waiting == 1);
        _time.Advance(time);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
