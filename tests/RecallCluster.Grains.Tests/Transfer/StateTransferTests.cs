using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Campaigns;
using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Tests.Machines;
using RecallCluster.Grains.Transfer;
using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Transfer;

public sealed class StateTransferTests : IDisposable
{
    private const long Campaign = 7, Tried = 3, Dropped = 4;
    private const string Shown = "reader/1", Refuser = "refuser";

    private static readonly string[] WithActors = ["campaign/7", "rollout/actors"];

    private static readonly MemoryFeedbackStore Stream = new(new FeedbackStoreOptions(), TimeProvider.System);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-transfer-");
    private readonly MemoryMachineStore _store = new();

    private string File => Path.Combine(_directory.FullName, "state.db");

    private string Back => Path.Combine(_directory.FullName, "back.db");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_state_that_goes_to_a_cluster_and_back_is_the_same()
    {
        long lease = await MakeAsync();

        int machines = await StateImport.RunAsync(File, _store, default);
        string[] keys = ["campaign/7", "calibration/7", $"user/{Shown}", $"user/{Refuser}", "catalogue/0", "book/0", "experiments/0",
            $"experiment/{Tried}", $"experiment/{Dropped}"];
        foreach (string key in keys)
            Assert.Equal(1, (await _store.LoadAsync(key, default)).Last);
        Assert.InRange(machines, keys.Length, int.MaxValue);
        await StateExport.RunAsync(_store, keys.ToAsyncEnumerable(), Back, Stream, default);

        await using ServingState state = await OpenAsync(Back);
        await CheckAsync(state, clicks: 0);
        Assert.Equal(LedgerOutcome.Duplicate, await TellAsync(state, AdEventKind.Impression, lease));
        Assert.Equal(LedgerOutcome.Applied, await TellAsync(state, AdEventKind.Click, lease));
        await CheckAsync(state, clicks: 1);
    }

    [Fact]
    public async Task Reports_of_gateways_whose_lives_are_counted_anew_are_counted()
    {
        await MakeAsync();
        await using (ServingState made = await OpenAsync(File))
            await made.ExperimentStore.ReportAsync(ReportOf(epoch: 9), default);
        await StateImport.RunAsync(File, _store, default);

        string key = $"experiment/{Tried}";
        await new Turns().RunAsync(async () =>
        {
            var host = new MachineHost<Experiment>(
                new MachineKind<Experiment>(key, () => new Experiment(key)), _store, (_, _, _) => Task.CompletedTask,
                new MachineHostOptions(), TimeProvider.System);
            await host.OpenAsync(default);
            Assert.Equal(true, await host.TellAsync(ReportOf(epoch: 1).Write()));
            Assert.Equal(true, await host.TellAsync(ReportOf(epoch: 7).Write()));
        });
        string[] keys = ["campaign/7", "experiments/0", key];
        await StateExport.RunAsync(_store, keys.ToAsyncEnumerable(), Back, Stream, default);

        await using ServingState state = await OpenAsync(Back);
        await state.ExperimentStore.ReportAsync(ReportOf(epoch: 1), default);
        ExperimentView view = (await state.Experiments.FindAsync(Tried, default))!;
        Assert.Equal(4 * UserSplit.Blocks, view.Results!.Arms[0].Requests);
    }

    [Fact]
    public async Task Versions_of_the_calibrator_go_along()
    {
        await MakeAsync();
        await using (ServingState made = await OpenAsync(File))
        {
            await made.Calibrators.PublishAsync("few", new CalibratorSettings { Bins = 7 }, CalibratorLimits.None, default);
            await made.Calibrators.PublishAsync("slow", new CalibratorSettings { Bins = 9 }, null, default);
        }

        await StateImport.RunAsync(File, _store, default);
        string[] keys = ["campaign/7", "rollout/calibrator"];
        await StateExport.RunAsync(_store, keys.ToAsyncEnumerable(), Back, Stream, default);

        await using ServingState state = await OpenAsync(Back);
        CalibratorsView view = await state.Calibrators.ListAsync(default);
        Assert.Equal(("few.1", "slow.2"), (view.Rollout.Running!.Version, view.Rollout.UnderWay!.Version.Version));
        // Running, what can be gone back to, on its way.
        Assert.Equal([7, state.Calibrators.Configured.Bins, 9], view.Calibrators.Select(calibrator => calibrator.Settings.Bins));
    }

    [Fact]
    public async Task Actors_that_were_rolled_out_go_along()
    {
        await MakeAsync();
        RolloutView published;
        await using (ServingState state = await OpenAsync(File))
            published = await state.Actors.PublishAsync("rising", SomeActors.Rising(), ActorLimits.None, default);

        await StateImport.RunAsync(File, _store, default);
        await StateExport.RunAsync(_store, WithActors.ToAsyncEnumerable(), Back, Stream, default);

        await using ServingState back = await OpenAsync(Back);
        RolloutView view = await back.Actors.RolloutAsync(default);
        Assert.Equal(("rising", published.Running), (view.Running!.Name, view.Running));
        Assert.Equal("host", (await back.Actors.RollBackAsync(default)).Running!.Name);
    }

    [Fact]
    public async Task The_campaigns_are_in_the_cluster_s_book()
    {
        await MakeAsync();
        await using (ServingState state = await OpenAsync(File))
            await state.Campaigns.PutAsync(LoopWorld.Campaign(3, 1), null, default);

        await StateImport.RunAsync(File, _store, default);

        await new Turns().RunAsync(async () =>
        {
            var book = new MachineHost<NameList>(
                new MachineKind<NameList>("book/0", () => new NameList("book/0")), _store, (_, _, _) => Task.CompletedTask,
                new MachineHostOptions(), TimeProvider.System);
            await book.OpenAsync(default);
            Assert.Equal(["3", "7"], book.Machine.Names);
        });
    }

    [Fact]
    public async Task An_import_that_was_interrupted_can_be_done_again_and_one_of_other_campaigns_is_refused()
    {
        await MakeAsync();
        var other = new MemoryMachineStore();
        await StateImport.RunAsync(File, other, default);
        StoredMachine book = await other.LoadAsync("book/0", default);
        await _store.SnapshotAsync("book/0", book.SnapshotAt, book.Snapshot, default);

        await StateImport.RunAsync(File, _store, default);

        Assert.Equal(1, (await _store.LoadAsync("campaign/7", default)).Last);
        var used = new MemoryMachineStore();
        await used.AppendAsync("book/0", 0, [new byte[] { 1 }], default);
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => StateImport.RunAsync(File, used, default));
        Assert.Contains("book/0", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_campaign_had_not_told_its_followers_is_told_on_the_way_and_the_cluster_keeps_its_own()
    {
        long lease = await MakeAsync();
        await StateImport.RunAsync(File, _store, default);
        var turns = new Turns();
        await turns.RunAsync(async () =>
        {
            var factory = new MachineFactory(new ServingStateOptions());
            var kind = new MachineKind<Serving.Campaigns.Campaign>("campaign/7", () => factory.Campaign("campaign/7"))
            {
                FollowersOf = CampaignGrain.FollowersOf,
            };
            var options = new MachineHostOptions { FollowersWait = TimeSpan.Zero };
            var silent = new MachineHost<Serving.Campaigns.Campaign>(
                kind, _store, (_, _, _) => new TaskCompletionSource().Task, options, TimeProvider.System);
            await silent.OpenAsync(default);
            var clicked = new AdEvent(AdEventKind.Click, WinOf(lease));
            await silent.TellAsync(new EventCommand(LoopWorld.Start + TimeSpan.FromSeconds(2), clicked).Write());
        });

        await StateExport.RunAsync(_store, new[] { "campaign/7", $"user/{Shown}" }.ToAsyncEnumerable(), Back, Stream, default);

        await using ServingState state = await OpenAsync(Back);
        Assert.Equal(1, (await state.Campaigns.FindAsync(Campaign, default))!.Today.Clicks);
        Assert.Equal(["ad1"], state.Users.Find(Shown)!.Sequence);
        Assert.Equal(1, (await state.Journal.ReadAsync(() => state.ExperimentMachines.Find(Tried)!.Copy(), default)).Arms[1].Clicks.Sum());
        Assert.Equal(1, (await _store.LoadAsync($"user/{Shown}", default)).Last);
    }

    [Fact]
    public async Task A_cluster_that_has_a_state_takes_no_other_and_no_file_is_overwritten()
    {
        await MakeAsync();
        await StateImport.RunAsync(File, _store, default);

        InvalidOperationException taken = await Assert.ThrowsAsync<InvalidOperationException>(
            () => StateImport.RunAsync(File, _store, default));
        IOException there = await Assert.ThrowsAsync<IOException>(
            () => StateExport.RunAsync(_store, Array.Empty<string>().ToAsyncEnumerable(), File, Stream, default));

        Assert.Contains("campaign/7", taken.Message, StringComparison.Ordinal);
        Assert.Contains(File, there.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<FileNotFoundException>(() => StateImport.RunAsync(File + "x", new MemoryMachineStore(), default));
    }

    [Fact]
    public async Task Erased_users_that_nobody_knows_by_name_are_not_forgotten_silently()
    {
        await using (ServingState state = await OpenAsync(File))
            await state.Users.EraseAsync("gone", default);

        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => StateImport.RunAsync(File, _store, default));

        Assert.Contains("erased", refused.Message, StringComparison.Ordinal);
    }

    private static async Task CheckAsync(ServingState state, long clicks)
    {
        CampaignView view = (await state.Campaigns.FindAsync(Campaign, default))!;
        Assert.Equal((1L, clicks), (view.Today.Impressions, view.Today.Clicks));
        Assert.Equal(new Micros(1_000 * clicks), view.Today.Spent);
        Assert.Equal(Campaign, Assert.Single(state.Users.ExposuresOf(Shown)).Campaign);
        Assert.False(state.Users.Find(Refuser)!.Consent);
        ArmResult arm = Assert.Single(await state.Experiments.ListAsync(default)).Results!.Arms[1];
        Assert.Equal((1L, clicks), (arm.Impressions, arm.Clicks));
        await Assert.ThrowsAsync<InvalidRequestException>(() => state.Experiments.PutAsync(SettingsOf(Dropped), null, default));
    }

    private static async Task<LedgerOutcome> TellAsync(ServingState state, AdEventKind kind, long lease) =>
        (await state.Feedback.AcceptAsync([new AdEvent(kind, WinOf(lease))], default))[0].Outcome;

    private static Win WinOf(long lease) => new()
    {
        Id = 4711,
        RequestId = "r1",
        CampaignId = Campaign,
        AdId = "ad1",
        UserId = Shown,
        Gateway = 1,
        Lease = lease,
        AuctionAt = LoopWorld.Start,
        Price = new Micros(1_000),
        IsPerClick = true,
        RawClickProbability = 0.1,
        ClickProbability = 0.1,
        Arms = [new WonArm(Tried, 1)],
    };

    private static ReportExposures ReportOf(long epoch)
    {
        var one = new long[UserSplit.Blocks];
        Array.Fill(one, 1);
        return new ReportExposures(LoopWorld.Start, Tried, 1, epoch, 1, [new ArmExposures(one, one, one)]);
    }

    private static ExperimentSettings SettingsOf(long id) => new()
    {
        Id = id,
        Name = $"experiment {id}",
        Layer = $"layer {id}",
        Share = 1,
        Arms = [new ExperimentArm("a", 1), new ExperimentArm("b", 1)],
    };

    private static Task<ServingState> OpenAsync(string path)
    {
        var clock = new BusinessTime(LoopWorld.Start);
        return ServingState.OpenAsync(
            path, clock, addMachines: machines => machines.Add(CatalogueEdits.Key, new CatalogueEdits()));
    }

    /// <summary>A campaign with an impression, a user who refused, an ad that was taken away.</summary>
    private async Task<long> MakeAsync()
    {
        await using ServingState state = await OpenAsync(File);
        await state.Campaigns.PutAsync(LoopWorld.Campaign(Campaign, 1), null, default);
        foreach (long id in new[] { Tried, Dropped })
            await state.Experiments.PutAsync(SettingsOf(id), 0, default);
        await state.Experiments.DeleteAsync(Dropped, null, default);
        LeaseGrant grant = await state.Campaigns.RequestLeaseAsync(Campaign, 1, state.Epoch, new Micros(1_000_000));
        Assert.Equal(LedgerOutcome.Applied, grant.Outcome);
        Assert.Equal(LedgerOutcome.Applied, await TellAsync(state, AdEventKind.Impression, grant.Lease.Id));
        await state.Users.SetConsentAsync(Refuser, false, default);
        await state.Journal.AppendAsync(CatalogueEdits.Key, CatalogueEdits.Write(new CatalogueEdit("ad9", null)), [], default);
        return grant.Lease.Id;
    }
}
