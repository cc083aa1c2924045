using System.Buffers;
using System.Globalization;
using Microsoft.Data.Sqlite;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;
using RecallCluster.Testing;

namespace RecallCluster.Serving.Tests.State;

/// <summary>What state files and logs hold, against tests/golden/formats: later programs must read it.</summary>
public class StateFormTests
{
    private const string CampaignKey = "campaign/7", UsersKey = "users/0", CountsKey = "calibration/3", ExperimentKey = "experiment/5";

    private static readonly GoldenForms Golden = GoldenForms.Read("state.txt");

    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly MachineFactory Factory = new(new ServingStateOptions());

    private static readonly Win Won = new()
    {
        Id = 4711,
        RequestId = "r",
        CampaignId = 7,
        AdId = "ad1",
        UserId = "u",
        Gateway = 1,
        Lease = 1,
        AuctionAt = At.AddMinutes(1),
        Price = Some.Units(0.5),
        IsPerClick = true,
        RawClickProbability = 0.0625,
        ClickModel = 3,
        ClickProbability = 0.03125,
        RawConversionProbability = 0.25,
        ConversionProbability = 0.125,
        Position = 1,
        Arms = [new WonArm(5, 1)],
    };

    /// <summary>By machine, what makes it and what it is told, with the name of each.</summary>
    private static readonly Dictionary<string, Machine> Machines = new()
    {
        [CampaignKey] = new(() => Factory.Campaign(CampaignKey),
        [
            Told("put", new PutCommand(At, Some.Campaign(7, At), [2, 0.5], IfVersion: 0).Write()),
            Told("lease", new LeaseCommand(At, 1, 9, Some.Units(5)).Write()),
            Told("lease-2", new LeaseCommand(At, 2, 4, Some.Units(3)).Write()),
            Told("close", new CloseCommand(At.AddMinutes(1), 2, 4, Some.Units(1)).Write()),
            Told("impression", Happened(AdEventKind.Impression)),
            Told("click", Happened(AdEventKind.Click)),
            Told("conversion", new EventCommand(
                At.AddMinutes(3), new AdEvent(AdEventKind.Conversion, Won) { Number = 2, ClearingPrice = Some.Units(0.25) }).Write()),
            Told("report", new ReportCommand(At.AddMinutes(4), new BidReport
            {
                Auctions = 4, Wins = 2, Value = 0.125, Numerators = [0.25], Denominators = [0.125],
                Sample = [new AuctionSample(0.0625f, 0.5f)], SampleWeight = 4, ConversionProbability = 0.125,
            }).Write()),
            Told("tick", new TickCommand(At.AddMinutes(5)).Write()),
        ]),
        [UsersKey] = new(() => Factory.UsersOf(UsersKey, 10),
        [
            Told("consent", new ConsentCommand("u", true).Write()),
            Told("erase", new EraseCommand("v").Write()),
            Followed("shown", Happened(AdEventKind.Impression)),
            Followed("clicked", Happened(AdEventKind.Click)),
        ]),
        [CountsKey] = new(() => Factory.Counts(CountsKey),
        [
            Followed("shown", Happened(AdEventKind.Impression)),
            Followed("clicked", Happened(AdEventKind.Click)),
            Told("engagement", new EngagementCommand(
                At.AddMinutes(5), new AdEvent(AdEventKind.Engagement, Won) { Signals = [1.5, 2] }).Write()),
        ]),
        [CatalogueEdits.Key] = new(MachineFactory.Catalogue,
        [
            Told("put", CatalogueEdits.Write(new CatalogueEdit("ad1", new AdLine
            {
                Id = "ad1", Campaign = 7, Categories = ["IAB2"], Kind = CreativeKind.Banner, Width = 300, Height = 250,
                Media = "https://m.example/1.png", MediaType = "image/png", Title = "t", Text = "x",
                LandingPage = "https://l.example/", Paused = true,
            }))),
            Told("removal", CatalogueEdits.Write(new CatalogueEdit("ad2", null))),
        ]),
        [ExperimentKey] = new(() => new Experiment(ExperimentKey),
        [
            Told("exposures", new ReportExposures(At, 5, 1, 9, 1, [Exposed(0), Exposed(1)]).Write()),
            Followed("clicked", Happened(AdEventKind.Click)),
        ]),
        [ExperimentList.Key] = new(() => new ExperimentList(),
        [
            Told("put", new PutExperiment(At, 5, Experiments.Trial.Settings(
                5, new Treatment { MaxScorings = 100, Candidates = 7, SkipRanker = true })) { IfVersion = 0 }.Write()),
            Told("stop", new StopExperiment(At.AddHours(1), 5) { IfVersion = 1 }.Write()),
            Told("put-2", new PutExperiment(At, 6, Experiments.Trial.Settings(6)).Write()),
            Told("delete", new DeleteExperiment(At.AddHours(1), 6).Write()),
        ]),
        [CalibratorVersions.Key] = new(MachineFactory.CalibratorPlan,
            [Told("step", MachineFactory.CalibratorPlan().Write(Plan(CalibratorVersion.Configured, CalibratorLimits.None)))]),
        [MachineFactory.ActorsKey] = new(Factory.Actors,
            [Told("step", Factory.Actors().Write(Plan(ActorVersion.Own, new ActorLimits())))]),
    };

    public static TheoryData<string> Keys => [.. Machines.Keys];

    [Theory]
    [MemberData(nameof(Keys))]
    public void Commands_and_snapshots_are_written_as_they_were_and_what_was_written_is_read(string key)
    {
        (Func<IStateMachine> make, Step[] steps) = Machines[key];
        byte[][] commands = Array.ConvertAll(steps, step => Golden.Today($"{key}:{step.Name}", step.Payload));

        byte[] snapshot = Golden.Today(key, Told(key, commands).Snapshot());

        Assert.NotEqual(make().Snapshot(), snapshot);
        Assert.Equal(snapshot, Restored(make, snapshot));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void What_programs_before_wrote_is_read(string key)
    {
        (Func<IStateMachine> make, Step[] steps) = Machines[key];
        byte[] fresh = make().Snapshot();

        Assert.NotEqual(fresh, Told(key, [.. steps.Select(step => Golden.Of($"{key}:{step.Name}")[0])]).Snapshot());
        Assert.All(Golden.Of(key), snapshot => Assert.NotEqual(fresh, Restored(make, snapshot)));
    }

    [Fact]
    public void There_is_nothing_else() => Assert.Equal(
        Machines.SelectMany(machine => machine.Value.Steps.Select(step => $"{machine.Key}:{step.Name}").Append(machine.Key))
            .Append("frames").Append("sections").Order(StringComparer.Ordinal),
        Golden.Names.Order(StringComparer.Ordinal));

    [Fact]
    public void Frames_of_records_are_written_as_they_were_and_what_was_written_is_read()
    {
        var written = new ArrayBufferWriter<byte>();
        RecordFrames.Write(written, 41, "campaign/é", ["users/0", "calibration/3"], "{\"a\":1}"u8);
        RecordFrames.Write(written, 42, "catalogue", [], "{}"u8);

        JournalRecord[] read = [.. RecordFrames.Read(41, 2, Golden.Today("frames", written.WrittenSpan))];

        Assert.Equal([41, 42], read.Select(record => record.Sequence));
        Assert.Equal(["campaign/é", "catalogue"], read.Select(record => record.Key));
        Assert.Equal([["users/0", "calibration/3"], []], read.Select(record => record.Followers));
        Assert.Equal(["{\"a\":1}"u8.ToArray(), "{}"u8.ToArray()], read.Select(record => record.Payload.ToArray()));
    }

    [Fact]
    public void Sections_of_snapshots_are_written_as_they_were_and_what_was_written_is_read()
    {
        var written = new SnapshotSections();
        written.Add("ledger", new byte[] { 1, 2, 3 });
        written.Add("é", default);

        SnapshotSections read = SnapshotSections.Read(Golden.Today("sections", written.ToBytes()), "x");

        Assert.Equal([1, 2, 3], read.Get("ledger").ToArray());
        Assert.Empty(read.Get("é").ToArray());
        Assert.Null(read.Find("control"));
    }

    [Fact]
    public void A_campaign_that_was_not_made_yet_comes_back_as_none()
    {
        Campaign campaign = Factory.Campaign(CampaignKey);

        campaign.Restore(Factory.Campaign(CampaignKey).Snapshot());

        Assert.False(campaign.Exists);
    }

    [Fact]
    public void A_state_file_is_written_as_it_was()
    {
        using var file = new StateFile();
        using (JournalFile journal = JournalFile.Open(file.Path, check: false))
        {
            var records = new ArrayBufferWriter<byte>();
            RecordFrames.Write(records, 2, "chain/1", ["chain/2"], "then"u8);
            RecordFrames.Write(records, 3, "chain/2", [], "now"u8);
            journal.Transact(() =>
            {
                journal.PutMeta("epoch", "4");
                journal.PutMeta("first", "2");
                journal.PutMeta("origin", "é");
                journal.InsertBatch(2, 2, records.WrittenSpan.ToArray());
                journal.InsertVerdicts(2, [1, 0]);
                journal.PutSnapshot("chain/1", 2, "17 2"u8.ToArray());
            });
        }

        string written = Dump(file.Path);
        Assert.True(File.ReadAllText(Sql) == written, $"{Sql} has another form of what is now written as\n{written}");
    }

    [Fact]
    public async Task A_state_file_as_it_was_written_is_read()
    {
        using var file = new StateFile();
        Execute(file.Path, File.ReadAllText(Sql));
        var chains = new Dictionary<string, ChainMachine> { ["chain/1"] = new(), ["chain/2"] = new() };
        var machines = new StateMachines();
        machines.AddFamily("chain/", key => chains[key]);

        await using (SqliteJournal journal = SqliteJournal.Open(file.Path, machines))
            Assert.Equal((5, 3, "é"), (journal.Epoch, journal.Applied, journal.Meta("origin")));

        // The one has a snapshot that has seen the first record, the other learns its verdict from the file.
        var other = new ChainMachine();
        other.Follow(new JournalRecord(2, "chain/1", ["chain/2"], "then"u8.ToArray()), 1);
        other.Apply(new JournalRecord(3, "chain/2", [], "now"u8.ToArray()));
        Assert.Equal([(17u, 2), (other.Hash, 2)], chains.Values.Select(chain => (chain.Hash, chain.Told)));
    }

    private static string Sql => Repository.Golden("formats", "journal.sql");

    private static IStateMachine Told(string key, byte[][] commands)
    {
        (Func<IStateMachine> make, Step[] steps) = Machines[key];
        IStateMachine machine = make();
        for (int i = 0; i < steps.Length; i++)
        {
            var record = new JournalRecord(i + 1, steps[i].IsFollowed ? CampaignKey : key, [], commands[i]);
            if (steps[i].IsFollowed)
                machine.Follow(record, 0);
            else
                Assert.False(machine.Apply(record).Answer is Exception or false, steps[i].Name);
        }
        return machine;
    }

    private static Step Told(string name, byte[] payload) => new(name, payload, IsFollowed: false);

    private static Step Followed(string name, byte[] payload) => new(name, payload, IsFollowed: true);

    private static byte[] Happened(AdEventKind kind) => new EventCommand(At.AddMinutes(2), new AdEvent(kind, Won)).Write();

    private static ArmExposures Exposed(int arm)
    {
        long[] Count(int times) => [.. Enumerable.Range(0, UserSplit.Blocks).Select(block => (long)(block + arm) * times)];
        return new ArmExposures(Count(3), Count(2), Count(1));
    }

    /// <summary>A version is on its way, another one was refused.</summary>
    private static RolloutState<TVersion, TLimits> Plan<TVersion, TLimits>(TVersion version, TLimits limits)
        where TVersion : class, IRolledVersion
        where TLimits : class => new()
        {
            Revision = 1,
            Published = 2,
            Current = version,
            Previous = version,
            Candidate = new(version, limits, RolloutPhase.Shadowing, At),
            Last = new(version.Rolled, RolloutOutcome.Refused, At, "worse", new Dictionary<string, double> { ["score"] = 0.5 }),
        };

    private static byte[] Restored(Func<IStateMachine> make, byte[] snapshot)
    {
        IStateMachine machine = make();
        machine.Restore(snapshot);
        return machine.Snapshot();
    }

    /// <summary>All that stands in a file, as the statements that make it.</summary>
    private static string Dump(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        var lines = new List<string>();
        foreach (string pragma in (string[])["application_id", "user_version"])
            lines.AddRange(Column(connection, $"PRAGMA {pragma}").Select(value => $"PRAGMA {pragma} = {value};"));
        lines.AddRange(Column(connection, "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"));
        foreach (string table in Column(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").ToArray())
        {
            string[] columns = [.. Column(connection, $"SELECT name FROM pragma_table_info('{table}')")];
            string values = string.Join(" || ', ' || ", columns.Select(column => $"quote({column})"));
            lines.AddRange(Column(connection, $"SELECT 'INSERT INTO {table} VALUES (' || {values} || ');' FROM {table} ORDER BY 1"));
        }
        return string.Join('\n', lines) + '\n';
    }

    private static IEnumerable<string> Column(SqliteConnection connection, string query)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = query;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            yield return Convert.ToString(reader.GetValue(0), CultureInfo.InvariantCulture)!;
    }

    private static void Execute(string path, string statements)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statements;
        command.ExecuteNonQuery();
    }

    private sealed record Machine(Func<IStateMachine> Make, Step[] Steps);

    private sealed record Step(string Name, byte[] Payload, bool IsFollowed);
}
