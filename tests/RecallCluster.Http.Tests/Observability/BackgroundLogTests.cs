using Microsoft.Extensions.Logging;
using RecallCluster.Http.Observability;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.State;

namespace RecallCluster.Http.Tests.Observability;

public class BackgroundLogTests
{
    [Fact]
    public void Trouble_is_told_at_once_and_then_once_a_minute()
    {
        var clock = new SteppedTime();
        var health = new BackgroundHealth();
        var lines = new Lines();
        using var log = new BackgroundLog(new FrontDoorParts { Background = health, Time = clock }, lines);
        log.Look();
        Assert.Empty(lines.All);

        health.Failed("leases", new IOException("the disk is full"));
        log.Look();
        Assert.Equal([(LogLevel.Error, "the disk is full")], lines.All);
        for (int i = 0; i < 50; i++)
        {
            health.Failed("leases", new IOException("the disk is full"));
            log.Look();
        }
        Assert.Single(lines.All);
        clock.Now += TimeSpan.FromMinutes(1).Ticks;
        log.Look();
        log.Look();
        Assert.Equal(2, lines.All.Count);
        health.Succeeded("leases");
        clock.Now += TimeSpan.FromMinutes(1).Ticks;
        log.Look();
        Assert.Equal((LogLevel.Information, null), lines.All[^1]);
        Assert.Equal(3, lines.All.Count);
    }

    [Fact]
    public async Task Readiness_names_the_work_that_fails_and_the_live_view_says_why()
    {
        var health = new BackgroundHealth();
        var parts = new FrontDoorParts
        {
            Retriever = Door.Serving(new GenderOnly(), new HundredAds()), Background = health,
        };
        await using Door door = await Door.OpenAsync(parts);
        health.Failed("clock", new IOException("/secret/path is full"));

        Reply failing = await door.SendAsync("GET", "/readyz");
        health.Succeeded("clock");
        Reply recovered = await door.SendAsync("GET", "/readyz");

        Assert.Equal((200, "clock"), (failing.Status, failing.Body.GetProperty("failing")[0].GetString()));
        Assert.DoesNotContain("secret", failing.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("clock", recovered.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(JournalCondition.Failing, "cannot be written")]
    [InlineData(JournalCondition.Stopped, "has stopped")]
    [InlineData(JournalCondition.Closed, "is closed")]
    public async Task A_door_that_can_make_nothing_durable_is_not_ready_until_it_can(JournalCondition condition, string said)
    {
        JournalStatus status = JournalStatus.Working;
        var parts = new FrontDoorParts
        {
            Retriever = Door.Serving(new GenderOnly(), new HundredAds()), Journal = () => Volatile.Read(ref status),
        };
        await using Door door = await Door.OpenAsync(parts);
        Reply before = await door.SendAsync("GET", "/readyz");

        Volatile.Write(ref status, new JournalStatus(condition, new IOException("/secret/path is full")));
        Reply failing = await door.SendAsync("GET", "/readyz");
        Volatile.Write(ref status, JournalStatus.Working);
        Reply after = await door.SendAsync("GET", "/readyz");

        Assert.Equal((200, 503, 200), (before.Status, failing.Status, after.Status));
        Assert.Contains(said, failing.Body.GetProperty("detail").GetString());
        Assert.DoesNotContain("secret", failing.Text, StringComparison.Ordinal);
    }

    private sealed class SteppedTime : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }

    private sealed class Lines : ILogger<BackgroundLog>
    {
        public List<(LogLevel Level, string? Why)> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add((logLevel, exception?.Message));
    }
}
