using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests;

/// <summary>A backup of Redis' log, made and put back as docs/cluster.md says it.</summary>
public sealed class BackupTests
{
    private const string Applied = "applied", Known = "duplicate";

    [RedisFact]
    public async Task What_was_acknowledged_before_a_backup_is_there_once_it_is_put_back()
    {
        const int Before = 20, After = 10;
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var market = new ServedMarket();
        using var door = new DoorCaller();
        using var scratch = new Scratch();
        SiloSeat front = SiloSeat.Of("front", redis.Address, "gateway,retrieval"), keeper = SiloSeat.Of("keeper", redis.Address, "control");
        string[] settings = [.. market.Settings, .. door.Settings, .. ServedMarket.Patient], keeping = [.. market.Clock, .. ServedMarket.Patient];
        string[] told, later, booked;
        await using (RunningSilo first = RunningSilo.Start(front, settings))
        await using (RunningSilo second = RunningSilo.Start(keeper, keeping))
        {
            await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
            told = await door.WinAsync(Before);
            await door.TellAsync(told, Applied);
            booked = await door.BooksAsync();
            Assert.Equal((Before, Before), await door.CountsAsync());

            await redis.StopAsync();
            redis.BackUpTo(scratch["backup"]);
            await redis.StartAsync();

            // Silos wait and go on.
            await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
            Assert.Equal(booked, await door.BooksAsync());
            later = await door.WinAsync(After);
            await door.TellAsync(later, Applied);
            Assert.Equal((Before + After, Before + After), await door.CountsAsync());
            Assert.All(await Task.WhenAll(first.TerminateAsync(), second.TerminateAsync()), code => Assert.Equal(0, code));
        }

        await redis.StopAsync();
        redis.RestoreFrom(scratch["backup"]);
        await redis.StartAsync();
        await using RunningSilo front2 = RunningSilo.Start(front, settings);
        await using RunningSilo keeper2 = RunningSilo.Start(keeper, keeping);
        await Task.WhenAll(front2.UntilReadyAsync(2), keeper2.UntilReadyAsync(2));

        Assert.Equal(booked, await door.BooksAsync());
        await door.TellAsync(told, Known);
        // What came after the backup is not known any more: it is taken or refused by the lease that it was won under, and never twice.
        string[] outcomes = await door.TellAsync(later, Applied, "outsideLease", "unknownLease");
        (long impressions, long clicks) = await door.CountsAsync();
        Assert.Equal((2 * Before) + outcomes.Count(outcome => outcome == Applied), impressions + clicks);
        await door.TellAsync(await door.WinAsync(After), Applied);
    }
}
