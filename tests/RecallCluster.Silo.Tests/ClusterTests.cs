using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests;

/// <summary>Real silo processes and a real Redis.</summary>
public sealed class ClusterTests
{
    [RedisFact]
    public async Task A_silo_that_is_killed_is_declared_dead_and_comes_back()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        SiloSeat firstSeat = SiloSeat.Of("one", redis.Address), secondSeat = SiloSeat.Of("two", redis.Address);
        await using RunningSilo first = RunningSilo.Start(firstSeat);
        await using (RunningSilo second = RunningSilo.Start(secondSeat))
        {
            await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
            Assert.Contains("orleans", await first.GetAsync("metrics"), StringComparison.Ordinal);
            Assert.Contains("alive", await first.GetAsync("healthz"), StringComparison.Ordinal);
            await second.KillAsync();
            await first.UntilReadyAsync(1);
        }
        await using RunningSilo again = RunningSilo.Start(secondSeat);
        await Task.WhenAll(first.UntilReadyAsync(2), again.UntilReadyAsync(2));
        Assert.Equal(0, await again.TerminateAsync());
        await first.UntilReadyAsync(1);
        Assert.Equal(0, await first.TerminateAsync());
    }

    [SignalFact]
    public async Task A_silo_that_is_frozen_is_declared_dead_by_those_who_asked_it_themselves()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        await using RunningSilo first = RunningSilo.Start(SiloSeat.Of("one", redis.Address));
        await using RunningSilo second = RunningSilo.Start(SiloSeat.Of("two", redis.Address));
        await using RunningSilo third = RunningSilo.Start(SiloSeat.Of("three", redis.Address));
        await Task.WhenAll(first.UntilReadyAsync(3), second.UntilReadyAsync(3), third.UntilReadyAsync(3));

        third.Freeze();

        await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
        // Answers of go-betweens come too late to count, and waiting for them took as long again, or longer.
        Assert.Contains("Did not get response for probe", first.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Indirect probe", first.Output + second.Output, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task A_cluster_that_was_killed_whole_serves_again_at_other_ports()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        await using (RunningSilo first = RunningSilo.Start(SiloSeat.Of("one", redis.Address)))
        await using (RunningSilo second = RunningSilo.Start(SiloSeat.Of("two", redis.Address)))
        {
            await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
            await Task.WhenAll(first.KillAsync(), second.KillAsync());
        }
        await using RunningSilo third = RunningSilo.Start(SiloSeat.Of("one", redis.Address));
        await using RunningSilo fourth = RunningSilo.Start(SiloSeat.Of("two", redis.Address));
        await Task.WhenAll(third.UntilReadyAsync(2), fourth.UntilReadyAsync(2));
    }

    [RedisFact]
    public async Task Silos_write_their_rows_again_when_Redis_has_lost_them()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        await using RunningSilo first = RunningSilo.Start(SiloSeat.Of("one", redis.Address));
        await using RunningSilo second = RunningSilo.Start(SiloSeat.Of("two", redis.Address));
        await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
        await using ConnectionMultiplexer admin = await redis.ConnectAsync();
        await admin.GetServers()[0].FlushAllDatabasesAsync();

        // Both rows and the version.
        IDatabase database = admin.GetDatabase();
        await first.UntilAsync(
            async () => await database.HashLengthAsync("{recall/members/recall}") == 3, "writing the rows again");
        await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
        await using RunningSilo third = RunningSilo.Start(SiloSeat.Of("three", redis.Address));
        await Task.WhenAll(first.UntilReadyAsync(3), second.UntilReadyAsync(3), third.UntilReadyAsync(3));
    }

    [RedisFact]
    public async Task A_start_waits_for_Redis_and_gives_up_naming_it()
    {
        await using var late = new RedisServer();
        await using (RunningSilo patient = RunningSilo.Start(SiloSeat.Of("one", late.Address), "--cluster:redisWaitSeconds=1000"))
        {
            await patient.UntilSaysAsync($"Waiting for Redis at {late.Address}");
            await late.StartAsync();
            await patient.UntilReadyAsync(1);
        }
        await late.KillAsync();
        await using RunningSilo impatient = RunningSilo.Start(SiloSeat.Of("two", late.Address), "--cluster:redisWaitSeconds=0.1");
        Assert.Equal(1, await impatient.UntilExitedAsync());
        Assert.Contains($"error: Redis at {late.Address} (cluster:redis)", impatient.Output, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task A_silo_of_another_cluster_is_refused()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        await using RunningSilo first = RunningSilo.Start(SiloSeat.Of("one", redis.Address));
        await first.UntilReadyAsync(1);
        await using RunningSilo stray = RunningSilo.Start(SiloSeat.Of("two", redis.Address), "--cluster:id=other");
        Assert.Equal(2, await stray.UntilExitedAsync());
        Assert.Contains("error: cluster:id: is 'other'", stray.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_localhost_clustering_nothing_else_is_wanted()
    {
        await using RunningSilo silo = RunningSilo.Start(SiloSeat.Of("one", "127.0.0.1:1"), "--cluster:clustering=localhost");
        await silo.UntilReadyAsync(1);
        Assert.Equal(0, await silo.TerminateAsync());
    }

    [Fact]
    public async Task A_setting_that_makes_no_sense_ends_it_at_once()
    {
        await using RunningSilo silo = RunningSilo.Start(SiloSeat.Of("one", "127.0.0.1:1"), "--silo:rolls=gateway");
        Assert.Equal(2, await silo.UntilExitedAsync());
        Assert.Contains("error: silo:rolls", silo.Output, StringComparison.Ordinal);
    }

    /// <summary>A test that sends silos signals; skipped, saying so, where that cannot be.</summary>
    private sealed class SignalFactAttribute : RedisFactAttribute
    {
        public SignalFactAttribute() => Skip = LinuxProcesses.WhyNot ?? Skip;
    }
}
