using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Overload;

namespace RecallCluster.Http.Tests;

public class OverloadTests
{
    private static readonly OverloadOptions Options = new()
    {
        InitialInFlight = 10,
        MinInFlight = 2,
        MaxInFlight = 12,
        QueueLength = 2,
        QueueTime = TimeSpan.FromMilliseconds(10),
        LatencyTarget = TimeSpan.FromMilliseconds(20),
    };

    [Fact]
    public void The_limit_falls_while_work_is_slow_and_grows_while_it_is_fast_and_wanted()
    {
        var limit = new AdaptiveLimit(Options);
        for (int i = 0; i < 1000; i++)
            limit.Observe(TimeSpan.FromMilliseconds(1), isReached: false);
        Assert.Equal(10, limit.Value);
        for (int i = 0; i < 1000; i++)
            limit.Observe(TimeSpan.FromMilliseconds(1), isReached: true);
        Assert.Equal(12, limit.Value);
        for (int i = 0; i < 1000; i++)
            limit.Observe(TimeSpan.FromMilliseconds(100), isReached: true);
        Assert.Equal(2, limit.Value);
    }

    [Fact]
    public void One_slow_request_in_twenty_changes_nothing()
    {
        var limit = new AdaptiveLimit(Options);
        for (int i = 0; i < 1000; i++)
            limit.Observe(TimeSpan.FromMilliseconds(i % 20 == 0 ? 100 : 1), isReached: false);

        Assert.Equal(10, limit.Value);
    }

    [Fact]
    public async Task Beyond_the_limit_a_few_wait_and_the_rest_are_turned_away_at_once()
    {
        using var gate = new AdmissionGate(Options with { InitialInFlight = 2, QueueTime = TimeSpan.FromHours(1) }, TimeProvider.System);
        Assert.True(await gate.EnterAsync());
        Assert.True(await gate.EnterAsync());
        ValueTask<bool> third = gate.EnterAsync(), fourth = gate.EnterAsync(), fifth = gate.EnterAsync();

        Assert.True(fifth.IsCompleted);
        Assert.False(await fifth);
        Assert.False(third.IsCompleted);
        gate.Exit(TimeSpan.FromMilliseconds(1));
        Assert.True(await third);
        Assert.False(fourth.IsCompleted);
        gate.Exit(TimeSpan.FromMilliseconds(1));
        Assert.True(await fourth);
        Assert.Equal(2, gate.InFlight);
    }

    [Fact]
    public async Task Nobody_waits_longer_than_the_queue_allows()
    {
        using var gate =
            new AdmissionGate(Options with { InitialInFlight = 2, QueueTime = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        await gate.EnterAsync();
        await gate.EnterAsync();

        Assert.False(await gate.EnterAsync());
        Assert.Equal(2, gate.InFlight);
    }

    [Fact]
    public async Task Who_would_wait_too_long_is_turned_away_at_once()
    {
        OverloadOptions options = Options with
        {
            InitialInFlight = 2, QueueLength = 100, QueueTime = TimeSpan.FromMinutes(10), LatencyTarget = TimeSpan.FromMinutes(20),
        };
        using var gate = new AdmissionGate(options, TimeProvider.System);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(await gate.EnterAsync());
            gate.Exit(TimeSpan.FromMinutes(8));
        }
        Assert.True(await gate.EnterAsync());
        Assert.True(await gate.EnterAsync());

        // Two at once leave every eight minutes, so one every four: the third who waits would do so for twelve.
        ValueTask<bool> first = gate.EnterAsync(), second = gate.EnterAsync(), third = gate.EnterAsync();

        Assert.True(third.IsCompleted);
        Assert.False(await third);
        gate.Exit(TimeSpan.FromMinutes(8));
        Assert.True(await first);
        gate.Exit(TimeSpan.FromMinutes(8));
        Assert.True(await second);
    }

    [Fact]
    public async Task Where_work_is_slow_a_wait_as_long_as_that_is_allowed()
    {
        OverloadOptions options = Options with { InitialInFlight = 2, QueueLength = 100, LatencyTarget = TimeSpan.FromHours(1) };
        using var gate = new AdmissionGate(options, TimeProvider.System);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(await gate.EnterAsync());
            gate.Exit(TimeSpan.FromMinutes(10));
        }
        Assert.True(await gate.EnterAsync());
        Assert.True(await gate.EnterAsync());

        ValueTask<bool> first = gate.EnterAsync(), second = gate.EnterAsync(), third = gate.EnterAsync();

        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        Assert.False(await third);
        gate.Exit(TimeSpan.FromMinutes(10));
        Assert.True(await first);
        gate.Exit(TimeSpan.FromMinutes(10));
        Assert.True(await second);
    }

    [Fact]
    public async Task The_more_are_turned_away_the_shorter_is_the_wait()
    {
        using var gate = new AdmissionGate(
            Options with { InitialInFlight = 2, QueueLength = 100, QueueTime = TimeSpan.FromMinutes(12) }, TimeProvider.System);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(await gate.EnterAsync());
            gate.Exit(TimeSpan.FromMinutes(6));
        }
        await Task.WhenAll(gate.EnterAsync().AsTask(), gate.EnterAsync().AsTask());
        int calm = await WaitingAsync(10);

        for (int i = 0; i < 1000; i++)
            await WaitingAsync(1);
        for (int i = 0; i < calm; i++)
            gate.Exit(TimeSpan.FromMinutes(6));
        int under = await WaitingAsync(10);

        // One leaves every three minutes: twelve minutes are four of them.
        Assert.Equal((4, 0), (calm, under));

        async Task<int> WaitingAsync(int callers)
        {
            int waiting = 0;
            for (int i = 0; i < callers; i++)
            {
                ValueTask<bool> turn = gate.EnterAsync();
                waiting += turn.IsCompleted && !await turn ? 0 : 1;
            }
            return waiting;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_comes_slowly_keeps_nobody_out(bool isChunked)
    {
        var pipe = new Pipe();
        byte[] body = Encoding.UTF8.GetBytes("""{"slots":[{"id":"s"}]}""");
        var context = new DefaultHttpContext();
        context.Request.ContentLength = isChunked ? null : body.Length;
        context.Request.Body = pipe.Reader.AsStream();
        await pipe.Writer.WriteAsync(body.AsMemory(0, 5));

        Task waiting = ReceivedBody.WaitAsync(context).AsTask();
        Assert.False(waiting.IsCompleted);
        await pipe.Writer.WriteAsync(body.AsMemory(5));
        await pipe.Writer.CompleteAsync();
        await waiting;

        using var reader = new StreamReader(context.Request.Body);
        Assert.Equal(body, Encoding.UTF8.GetBytes(await reader.ReadToEndAsync()));
    }

    [Fact]
    public async Task A_large_body_is_not_waited_for_as_a_whole()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var context = new DefaultHttpContext();
        context.Request.ContentLength = 1 << 20;
        context.Request.Body = pipe.Reader.AsStream();
        await pipe.Writer.WriteAsync(new byte[100_000]);

        await ReceivedBody.WaitAsync(context);

        Assert.Equal(100_000, await context.Request.Body.ReadAtLeastAsync(new byte[100_000], 100_000));
    }

    [Fact]
    public async Task Under_overload_costly_requests_are_turned_away_and_cheap_ones_flow()
    {
        var blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int begun = 0, shed = 0;
        var both = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gateway = new FakeGateway(_ => null)
        {
            Before = () =>
            {
                if (Interlocked.Increment(ref begun) == 2)
                    both.SetResult();
                return blocked.Task;
            },
        };
        await using Door door = await Door.OpenAsync(
            new FrontDoorParts { Gateway = gateway, Shed = () => Interlocked.Increment(ref shed) },
                new FrontDoorOptions { Overload = Options with { InitialInFlight = 2, QueueLength = 0 } });
        Task<Reply>[] working = [AskAsync(), AskAsync()];
        await both.Task;

        Reply turnedAway = await AskAsync();
        Reply health = await door.SendAsync("GET", "/healthz");
        blocked.SetResult();

        Assert.Equal((503, "1"), (turnedAway.Status, turnedAway.Headers["Retry-After"]));
        Assert.Equal(200, health.Status);
        Assert.Equal(1, shed);
        Assert.All(await Task.WhenAll(working), reply => Assert.Equal(200, reply.Status));
        Assert.Equal(200, (await AskAsync()).Status);

        Task<Reply> AskAsync() => door.SendAsync("POST", "/v1/ads", """{"slots":[{"id":"s"}]}""");
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        foreach (
            OverloadOptions wrong in new[] { Options with { MinInFlight = 0 }, Options with { MaxInFlight = 1 }, Options
                with { LatencyTarget = TimeSpan.Zero } })
            Assert.Throws<ArgumentException>(() => new AdmissionGate(wrong, TimeProvider.System));
    }
}
