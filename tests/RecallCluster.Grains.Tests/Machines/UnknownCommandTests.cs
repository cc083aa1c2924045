using System.Text;
using System.Text.Json;
using MessagePack;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Campaigns;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;
using RecallCluster.Wire;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Tests.Machines;

/// <summary>A log that holds what this program cannot read: a later version wrote it, or it is damaged.</summary>
public sealed class UnknownCommandTests
{
    private const string OneCampaign = "campaign/7", OneUser = "user/u";

    private static readonly DateTimeOffset At = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly byte[] OfLaterVersion = Encoding.UTF8.GetBytes(
        """{"$type":"fold","at":"2026-03-01T00:00:00+00:00","corner":3}""");

    private static readonly byte[] Cut = Encoding.UTF8.GetBytes("""{"$type":"tick","at":"2026-03""");
    private static readonly byte[] NoText = [0xFF, 0xFE, 0x00];

    private readonly MemoryMachineStore _store = new();
    private readonly MachineFactory _factory = new(new ServingStateOptions());
    private readonly Turns _turns = new();

    /// <summary>What a machine of each kind knows.</summary>
    private static readonly Dictionary<string, byte[]> Known = new()
    {
        [OneCampaign] = new TickCommand(At).Write(),
        [OneUser] = new ConsentCommand("u", true).Write(),
        ["calibration/3"] = new EngagementCommand(At, Clicked(7)).Write(),
        ["book/0"] = Encoding.UTF8.GetBytes("17"),
        ["gateways/0"] = Encoding.UTF8.GetBytes("silo-1"),
        ["catalogue/0"] = CatalogueEdits.Write(new CatalogueEdit("ad1", null)),
        ["index/main"] = JsonSerializer.SerializeToUtf8Bytes(new PlanCommand { Replicas = 2 }, GrainsJson.Default.PlanCommand),
        [CalibratorVersions.Key] = MachineFactory.CalibratorPlan().Write(new() { Revision = 1 }),
        [MachineFactory.ActorsKey] = JsonSerializer.SerializeToUtf8Bytes(new() { Revision = 1 }, MachineFactory.ActorsType),
        ["experiment/5"] = new ReportExposures(At, 5, 1, 1, 1, []).Write(),
        ["experiments/0"] = new StopExperiment(At, 5).Write(),
    };

    public static TheoryData<string> Machines => [.. Known.Keys];

    [Theory]
    [MemberData(nameof(Machines))]
    public Task A_machine_with_such_a_record_is_refused_by_name_and_stays_as_it_is(string key) => _turns.RunAsync(async () =>
    {
        foreach (byte[] unreadable in new[] { OfLaterVersion, Cut, NoText })
        {
            _store.Clear();
            byte[][] records = [Record(1, Known[key]), Record(2, unreadable)];
            await _store.AppendAsync(key, 0, Array.ConvertAll(records, record => new ReadOnlyMemory<byte>(record)), default);

            InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync(key));

            Assert.StartsWith($"{key}: record 2 cannot be read: ", refused.Message, StringComparison.Ordinal);
            Assert.Equal(records, await RecordsAsync(key));
        }
    });

    [Theory]
    [MemberData(nameof(Machines))]
    public Task One_that_is_open_when_a_later_version_writes_holds_still_and_overwrites_nothing(string key) => _turns.RunAsync(async () =>
    {
        IOpened host = await OpenAsync(key);
        await host.TellAsync(Known[key]);
        await _store.AppendAsync(key, 1, [Record(1, OfLaterVersion)], default);
        byte[][] before = await RecordsAsync(key);

        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => host.TellAsync(Known[key]));
        await host.CloseAsync();

        Assert.StartsWith($"{key}: record 2 cannot be read: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal([refused], host.Refused);
        Assert.Equal(before, await RecordsAsync(key));
    });

    [Theory]
    [MemberData(nameof(Machines))]
    public Task What_cannot_be_read_again_is_not_written_and_what_can_is_loaded(string key) => _turns.RunAsync(async () =>
    {
        IOpened host = await OpenAsync(key);
        await host.TellAsync(Known[key]);
        foreach (byte[] unreadable in new[] { OfLaterVersion, Cut, NoText })
        {
            InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => host.TellAsync(unreadable));
            Assert.StartsWith($"{key}: a record cannot be read: ", refused.Message, StringComparison.Ordinal);
        }
        await host.TellAsync(Known[key]);

        Assert.Equal(2, (await RecordsAsync(key)).Length);
        Assert.Equal(2, (await OpenAsync(key)).Last);
    });

    [Fact]
    public Task A_record_of_a_later_format_is_refused_by_name() => _turns.RunAsync(async () =>
    {
        var later = new MachineRecord
        {
            Format = MachineRecord.NewestFormat + 1, Writer = Guid.NewGuid(), Number = 1, Payload = Known["index/main"],
        };
        await _store.AppendAsync("index/main", 0, [MessagePackSerializer.Serialize(later, WireFormat.Options)], default);

        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync("index/main"));

        Assert.Equal("index/main: record 1 has format 2; this program reads up to 1.", refused.Message);
    });

    [Fact]
    public Task A_follower_takes_what_it_can_read_and_leaves_the_rest_with_its_source() => _turns.RunAsync(async () =>
    {
        IOpened host = await OpenAsync(OneUser);
        byte[] shown = new EventCommand(At, Clicked(7)).Write();

        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => host.FollowAsync(
            OneCampaign, [new FollowedRecord(1, 0, shown), new FollowedRecord(2, 0, OfLaterVersion), new FollowedRecord(3, 0, shown)]));

        Assert.StartsWith($"{OneUser}: a record, number 2 of {OneCampaign}, cannot be read: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await OpenAsync(OneUser)).Last);
    });

    [Fact]
    public Task A_followed_record_that_cannot_be_read_is_refused_by_name() => _turns.RunAsync(async () =>
    {
        var followed = new MachineRecord
        {
            Writer = Guid.NewGuid(), Number = 1, Payload = OfLaterVersion, Source = OneCampaign, SourceSequence = 9,
        };
        await _store.AppendAsync(OneUser, 0, [MessagePackSerializer.Serialize(followed, WireFormat.Options)], default);

        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync(OneUser));

        Assert.StartsWith($"{OneUser}: record 1, number 9 of {OneCampaign}, cannot be read: ", refused.Message, StringComparison.Ordinal);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public Task A_snapshot_without_its_place_or_a_place_without_its_snapshot_is_refused(int place) => _turns.RunAsync(async () =>
    {
        var torn = new StoredMachine(place, place == 0 ? new byte[] { 1 } : default, []);

        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync("book/0", new FixedStore(torn)));

        Assert.StartsWith($"book/0: its log was cut at record {place}, but there is", refused.Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Fields_that_are_not_known_are_passed_over_and_those_that_are_missing_have_defaults() => _turns.RunAsync(async () =>
    {
        byte[] more = Encoding.UTF8.GetBytes(
            """{"$type":"consent","userId":"u","mayPersonalise":false,"reason":"asked","since":{"day":3}}""");
        var id = Guid.NewGuid();
        int[] later = [1, 2];
        // Writer, payload, source, its sequence, verdict, number, format - and what a later version adds.
        byte[] longer = Fields(id, more, null, 0L, (byte)0, 1L, MachineRecord.NewestFormat, "more", later);
        // As it was written before there was a format.
        byte[] shorter = Fields(id, Known[OneUser], null, 0L, (byte)0, 2L);
        await _store.AppendAsync(OneUser, 0, [longer, shorter], default);

        IOpened host = await OpenAsync(OneUser);

        Assert.Equal(2, host.Last);
        MachineRecord read = MessagePackSerializer.Deserialize<MachineRecord>(shorter, WireFormat.Options);
        Assert.Equal((id, 2L, 0), (read.Writer, read.Number, read.Format));
        // A snapshot that knows more than is read here.
        var heard = new Dictionary<string, long> { [OneCampaign] = 4 };
        byte[] state = Encoding.UTF8.GetBytes("""{"users":[],"refused":["u"],"later":[1]}""");
        byte[] wider = Fields(
            MachineSnapshot.NewestFormat, state, heard, new Dictionary<string, FollowedRecord[]>(), new Dictionary<Guid, long>(), "more");
        await _store.SnapshotAsync(OneUser, 2, wider, default);
        Assert.Equal(2, (await OpenAsync(OneUser)).Last);
    });

    private static byte[] Fields(params object?[] fields) =>
        MessagePackSerializer.Serialize(fields, MessagePack.Resolvers.ContractlessStandardResolver.Options);

    private static AdEvent Clicked(long campaign) => new(AdEventKind.Click, new Win
    {
        Id = 4711,
        RequestId = "r",
        CampaignId = campaign,
        AdId = "ad1",
        UserId = "u",
        Gateway = 1,
        Lease = 1,
        AuctionAt = At,
        Price = new Micros(1_000),
        IsPerClick = true,
        RawClickProbability = 0.1,
        ClickProbability = 0.1,
    });

    private static byte[] Record(long number, byte[] payload) => MessagePackSerializer.Serialize(
        new MachineRecord { Format = MachineRecord.NewestFormat, Writer = Guid.Empty, Number = number, Payload = payload },
        WireFormat.Options);

    private async Task<byte[][]> RecordsAsync(string key)
    {
        StoredMachine stored = await _store.LoadAsync(key, default);
        Assert.Equal(0, stored.SnapshotAt);
        return [.. stored.Tail.Select(record => record.ToArray())];
    }

    private Task<IOpened> OpenAsync(string key, IMachineStore? store = null)
    {
        store ??= _store;
        return key switch
        {
            OneCampaign => OpenAsync(new MachineKind<Campaign>(key, () => _factory.Campaign(key))
            {
                FollowersOf = CampaignGrain.FollowersOf,
            }, store),
            OneUser => OpenAsync(new MachineKind<UserPartition>(key, () => _factory.UsersOf(key, capacity: 1)), store),
            "calibration/3" => OpenAsync(new MachineKind<CalibrationShard>(key, () => _factory.Counts(key)), store),
            "book/0" or "gateways/0" => OpenAsync(new MachineKind<NameList>(key, () => new NameList(key)), store),
            "catalogue/0" => OpenAsync(new MachineKind<OrderedCatalogue>(key, () => new OrderedCatalogue()), store),
            "index/main" => OpenAsync(new MachineKind<IndexPlan>(key, () => new IndexPlan(key)), store),
            CalibratorVersions.Key => OpenAsync(
                new MachineKind<RolloutPlan<CalibratorVersion, CalibratorLimits>>(key, MachineFactory.CalibratorPlan), store),
            MachineFactory.ActorsKey => OpenAsync(
                new MachineKind<RolloutPlan<ActorVersion, ActorLimits>>(key, _factory.Actors), store),
            "experiment/5" => OpenAsync(new MachineKind<Experiment>(key, () => new Experiment(key)), store),
            "experiments/0" => OpenAsync(new MachineKind<ExperimentList>(key, () => new ExperimentList()), store),
            _ => throw new ArgumentOutOfRangeException(nameof(key), key, "There is no such machine."),
        };
    }

    private static async Task<IOpened> OpenAsync<TMachine>(MachineKind<TMachine> kind, IMachineStore store)
        where TMachine : class, IStateMachine
    {
        var refused = new List<InvalidDataException>();
        var options = new MachineHostOptions { Pause = TimeSpan.FromMilliseconds(1), FollowersWait = TimeSpan.Zero };
        var host = new MachineHost<TMachine>(
            kind with { Refused = refused.Add }, store, (_, _, _) => Task.CompletedTask, options, TimeProvider.System);
        await host.OpenAsync(default);
        return new Opened<TMachine>(host, refused);
    }

    /// <summary>A host of whichever machine.</summary>
    private interface IOpened
    {
        long Last { get; }

        IReadOnlyList<InvalidDataException> Refused { get; }

        Task<object?> TellAsync(byte[] payload);

        Task FollowAsync(string source, IReadOnlyList<FollowedRecord> records);

        Task CloseAsync();
    }

    private sealed class Opened<TMachine>(MachineHost<TMachine> host, List<InvalidDataException> refused) : IOpened
        where TMachine : class, IStateMachine
    {
        public long Last => host.Last;

        public IReadOnlyList<InvalidDataException> Refused => refused;

        public Task<object?> TellAsync(byte[] payload) => host.TellAsync(payload);

        public Task FollowAsync(string source, IReadOnlyList<FollowedRecord> records) => host.FollowAsync(source, records);

        public Task CloseAsync() => host.CloseAsync();
    }

    /// <summary>A store that holds one thing.</summary>
    private sealed class FixedStore(StoredMachine stored) : IMachineStore
    {
        public Task<StoredMachine> LoadAsync(string key, CancellationToken cancellation) => Task.FromResult(stored);

        public Task<StoreOutcome> AppendAsync(
            string key, long after, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellation) =>
            throw new InvalidOperationException("Nobody writes.");

        public Task<StoreOutcome> SnapshotAsync(string key, long at, ReadOnlyMemory<byte> snapshot, CancellationToken cancellation) =>
            throw new InvalidOperationException("Nobody writes.");
    }
}
