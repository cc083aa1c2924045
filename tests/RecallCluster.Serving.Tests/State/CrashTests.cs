using System.Diagnostics;
using System.Globalization;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class CrashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Kill_9_loses_nothing_acknowledged_and_applies_nothing_twice()
    {
        using var file = new StateFile();
        var acknowledged = new List<Win>();
        for (int life = 0; life < 3; life++)
            await LiveAndDieAsync(file.Path, acknowledged, acknowledged.Count + 150 + (life * 70));

        await using ServingState state = await file.OpenAsync(TimeProvider.System);
        Assert.Equal(4, state.Epoch);
        (long Clicks, long Impressions, long Spent) before = await BooksAsync(state);
        Assert.True(before.Clicks >= acknowledged.Count, $"{before.Clicks} clicks are there of {acknowledged.Count} acknowledged.");
        Assert.Equal(before.Clicks * Some.Units(0.4).Value, before.Spent);
        foreach (Win win in acknowledged)
        {
            IReadOnlyList<AdEventResult> again = await state.Feedback.AcceptAsync(
                [Some.Event(AdEventKind.Impression, win), Some.Event(AdEventKind.Click, win)], default);
            Assert.All(again, result => Assert.Equal(LedgerOutcome.Duplicate, result.Outcome));
        }
        Assert.Equal(before, await BooksAsync(state));
    }

    /// <summary>What all days hold together: the test may run over midnight.</summary>
    private static async Task<(long Clicks, long Impressions, long Spent)> BooksAsync(ServingState state)
    {
        IReadOnlyList<DayAccount> days = await state.Journal.ReadAsync(() => state.Directory.Find(1)!.Ledger.Days, default);
        return (days.Sum(day => day.Clicks), days.Sum(day => day.Impressions), days.Sum(day => day.Spent.Value));
    }

    private static async Task LiveAndDieAsync(string path, List<Win> acknowledged, int until)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(CrashChild).Assembly.Location);
        start.ArgumentList.Add(path);
        using Process child = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        using CancellationTokenRegistration over = patience.Token.Register(() => child.Kill());
        Lease lease = default;
        while (acknowledged.Count < until)
        {
            string? line = await child.StandardOutput.ReadLineAsync(patience.Token);
            if (line is null)
                throw new InvalidOperationException(await child.StandardError.ReadToEndAsync());
            Read(line, ref lease, acknowledged);
        }
        child.Kill();

        // What it had written before it died was acknowledged too.
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Split(' ').Length == 3)
                Read(line, ref lease, acknowledged);
        }
        await child.WaitForExitAsync();
    }

    private static void Read(string line, ref Lease lease, List<Win> acknowledged)
    {
        string[] words = line.Split(' ');
        if (words[0] == "lease")
        {
            lease = new Lease(long.Parse(words[1], CultureInfo.InvariantCulture), 1, 0, default, default, default);
            return;
        }
        var at = new DateTimeOffset(long.Parse(words[1], CultureInfo.InvariantCulture), TimeSpan.Zero);
        acknowledged.Add(Some.Win(1, lease, at, UInt128.Parse(words[0], CultureInfo.InvariantCulture), user: $"u{words[2]}"));
    }
}
