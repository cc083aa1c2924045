using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.State;

namespace RecallCluster.Serving.Tests.Experiments;

public class ExperimentTests
{
    private static readonly DateTimeOffset Now = new(2030, 3, 4, 10, 0, 0, TimeSpan.Zero);

    private Experiment _experiment = new(Experiment.KeyOf(4));
    private long _sequence;

    [Fact]
    public void A_report_counts_once_however_often_it_is_told()
    {
        Assert.True(Report(gateway: 1, epoch: 1, number: 1, requests: 10));
        Assert.False(Report(gateway: 1, epoch: 1, number: 1, requests: 10));
        Assert.True(Report(gateway: 2, epoch: 1, number: 1, requests: 100));
        Assert.True(Report(gateway: 1, epoch: 1, number: 5, requests: 1_000));
        Assert.False(Report(gateway: 1, epoch: 1, number: 2, requests: 10));
        // Numbers begin again with every life.
        Assert.True(Report(gateway: 1, epoch: 2, number: 1, requests: 10_000));
        Assert.False(Report(gateway: 1, epoch: 1, number: 6, requests: 10));

        Assert.Equal(11_110, _experiment.Copy().Arms[1].Requests.Sum());
        Reopen();
        Assert.False(Report(gateway: 2, epoch: 1, number: 1, requests: 10));
        Assert.Equal(11_110, _experiment.Copy().Arms[1].Requests.Sum());
    }

    [Fact]
    public void What_ledgers_applied_is_counted_by_arm_and_block_of_the_user()
    {
        Win win = Some.Win(1, default, Now, 5) with { Arms = [new WonArm(3, 0), new WonArm(4, 1)] };
        int block = UserSplit.BlockOf(StableHash.Of("u"));

        Follow(AdEventKind.Impression, win);
        Follow(AdEventKind.Click, win);
        Follow(AdEventKind.Click, win, verdict: (byte)LedgerOutcome.Duplicate);
        Follow(AdEventKind.Conversion, win);
        Follow(AdEventKind.Impression, win with { Arms = [new WonArm(3, 0)] });
        Follow(AdEventKind.Impression, win with { Arms = null });
        Follow(AdEventKind.Impression, win with { UserId = null });
        Reopen();

        IReadOnlyList<ArmSums> arms = _experiment.Copy().Arms;
        Assert.Equal((0L, 0L), (arms[0].Impressions.Sum(), arms[0].Spend.Sum()));
        Assert.Equal((1L, 1L, 1L), (arms[1].Impressions[block], arms[1].Clicks[block], arms[1].Conversions[block]));
        Assert.Equal((1L, 400_000L), (arms[1].Impressions.Sum(), arms[1].Spend.Sum()));
    }

    [Fact]
    public void A_deleted_experiment_forgets_all_and_counts_nothing_any_more()
    {
        Report(1, 1, 1, 10);
        Follow(Record(ExperimentList.Key, new DeleteExperiment(Now, 5).Write()), verdict: 0);
        Assert.NotEmpty(_experiment.Copy().Arms);

        Follow(Record(ExperimentList.Key, new DeleteExperiment(Now, 4).Write()), verdict: 0);
        Assert.False(Report(1, 1, 2, 10));
        Follow(AdEventKind.Click, Some.Win(1, default, Now, 5) with { Arms = [new WonArm(4, 1)] });
        Reopen();
        Assert.False(Report(1, 1, 3, 10));

        Assert.Empty(_experiment.Copy().Arms);
    }

    [Fact]
    public void A_snapshot_of_something_else_is_refused()
    {
        Assert.Throws<InvalidDataException>(() => new Experiment("experiment/x"));
        Assert.Throws<InvalidDataException>(() => new Experiment(Experiment.KeyOf(1)).Restore("[]"u8.ToArray()));
        var small = new ExperimentState([new ArmSums() with { Clicks = [1] }], [], false);
        byte[] bytes = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(small, ServingJson.Default.ExperimentState);
        Assert.Throws<InvalidDataException>(() => new Experiment(Experiment.KeyOf(1)).Restore(bytes));
        Assert.Throws<InvalidDataException>(() => _experiment.Apply(Record("", new StopExperiment(Now, 4).Write())));
    }

    [Fact]
    public async Task A_report_that_could_not_be_told_is_told_again_as_it_was_and_holds_up_no_other()
    {
        var board = new ExperimentBoard();
        ExperimentSettings other = Trial.Settings(5, new Treatment { MaxScorings = 9 }) with { Layer = "other" };
        board.Publish([new ExperimentDefinition(Trial.Settings(4), 1, Now), new ExperimentDefinition(other, 1, Now)]);
        var reports = new TroubledReports(_experiment);
        using var reporter = new ExposureReporter(board, reports, gateway: 3, epoch: 1, TimeProvider.System);
        for (int i = 0; i < 100; i++)
            board.Current.Assign($"u{i}").Count(ads: i % 2);

        reports.IsBroken = true;
        await Assert.ThrowsAsync<IOException>(() => reporter.ReportAsync(default));
        Assert.Equal(1, reports.Others);
        reports.IsBroken = false;
        reports.IsLost = true;
        await Assert.ThrowsAsync<IOException>(() => reporter.ReportAsync(default));
        Assert.Equal(1, reports.Others);
        for (int i = 0; i < 100; i++)
            board.Current.Assign($"u{i}").Count(ads: 0);
        reports.IsLost = false;
        await reporter.ReportAsync(default);
        await reporter.ReportAsync(default);
        await reporter.ReportAsync(default);

        IReadOnlyList<ArmSums> arms = _experiment.Copy().Arms;
        Assert.Equal((3, 2), (reports.Numbers.Count, reports.Others));
        Assert.Equal(reports.Numbers[0], reports.Numbers[1]);
        Assert.True(reports.Numbers[1] < reports.Numbers[2]);
        Assert.Equal((200L, 50L, 50L), (arms.Sum(a => a.Requests.Sum()), arms.Sum(a => a.Answered.Sum()), arms.Sum(a => a.Ads.Sum())));
        Assert.All(arms, arm => Assert.InRange(arm.Requests.Sum(), 70, 130));
    }

    [Fact]
    public async Task One_call_tells_what_could_not_be_told_before_and_what_came_since()
    {
        var board = new ExperimentBoard();
        board.Publish([new ExperimentDefinition(Trial.Settings(4), 1, Now)]);
        var reports = new TroubledReports(_experiment);
        using var reporter = new ExposureReporter(board, reports, gateway: 3, epoch: 1, TimeProvider.System);
        board.Current.Assign("u").Count(ads: 1);
        using var stop = new CancellationTokenSource();
        reports.IsHeldUp = true;
        Task cancelled = reporter.ReportAsync(stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        board.Current.Assign("u").Count(ads: 1);

        reports.IsHeldUp = false;
        await reporter.ReportAsync(default);

        Assert.Equal(2, _experiment.Copy().Arms.Sum(arm => arm.Requests.Sum()));
    }

    [Fact]
    public void The_meter_of_a_stopped_experiment_goes_when_it_is_drained()
    {
        var board = new ExperimentBoard();
        var running = new ExperimentDefinition(Trial.Settings(4), 1, Now);
        board.Publish([running]);
        Assignment begun = board.Current.Assign("u");
        Assert.Null(board.Take(4));
        Assert.Null(board.Take(4));
        Assert.Equal([4], board.Metered);

        begun.Count(ads: 1);
        board.Publish([running with { StoppedAt = Now }]);
        Assert.Equal(1, board.Take(4)!.Sum(arm => arm.Requests.Sum()));
        Assert.Null(board.Take(4));
        // A request that had begun before.
        begun.Count(ads: 1);
        Assert.Equal(1, board.Take(4)!.Sum(arm => arm.Requests.Sum()));
        Assert.Null(board.Take(4));
        Assert.Equal([4], board.Metered);
        Assert.Null(board.Take(4));
        Assert.Empty(board.Metered);
    }

    private bool Report(int gateway, long epoch, long number, long requests)
    {
        var none = new long[UserSplit.Blocks];
        var some = new long[UserSplit.Blocks];
        some[7] = requests;
        var report = new ReportExposures(Now, 4, gateway, epoch, number, [new(none, none, none), new(some, some, some)]);
        return (bool)_experiment.Apply(Record(Experiment.KeyOf(4), report.Write())).Answer!;
    }

    private void Follow(AdEventKind kind, Win win, byte verdict = 0) => Follow(
        Record(CampaignDirectory.KeyOf(win.CampaignId), new EventCommand(Now, new AdEvent(kind, win)).Write()), verdict);

    private void Follow(JournalRecord record, byte verdict) => _experiment.Follow(record, verdict);

    private JournalRecord Record(string key, byte[] payload) => new(++_sequence, key, [], payload);

    private void Reopen()
    {
        byte[] snapshot = _experiment.Snapshot();
        _experiment = new Experiment(Experiment.KeyOf(4));
        _experiment.Restore(snapshot);
        Assert.Equal(snapshot, _experiment.Snapshot());
    }

    /// <summary>Takes every report; whoever told it hears nothing of that while it is lost.</summary>
    private sealed class TroubledReports(Experiment experiment) : IExposureReports
    {
        public bool IsLost { get; set; }

        /// <summary>Whether nothing arrives, nor is answered until the caller gives up.</summary>
        public bool IsHeldUp { get; set; }

        /// <summary>Whether it fails before there is a task.</summary>
        public bool IsBroken { get; set; }

        public List<long> Numbers { get; } = [];

        /// <summary>Reports of other experiments.</summary>
        public int Others { get; private set; }

        public Task ReportAsync(ReportExposures report, CancellationToken cancellation)
        {
            if (report.Experiment != experiment.Id)
            {
                Others++;
                return Task.CompletedTask;
            }
            // At once, as an implementation that is not async does: it must hold up no other either.
            if (IsBroken)
                throw new IOException("broken");
            if (IsHeldUp)
                return Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            Numbers.Add(report.Number);
            experiment.Apply(new JournalRecord(Numbers.Count, Experiment.KeyOf(4), [], report.Write()));
            return IsLost ? Task.FromException(new IOException("no answer")) : Task.CompletedTask;
        }
    }
}
