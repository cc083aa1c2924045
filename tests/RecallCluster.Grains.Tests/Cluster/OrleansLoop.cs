using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;
using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Maps;
using RecallCluster.Grains.Calibration;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Gateways;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>The cluster edition's loop: two silos over one store, the gateway on the first.</summary>
internal sealed class OrleansLoop : IActorLoop, ICalibratedLoop
{
    private const short Silos = 2;
    private const string WithGateway = "Silo_0";

    // Longer than any call takes on a machine that has too much to do: a test fails by what comes of calls, not by how long they take.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly FeedbackStoreOptions Quick = new()
    {
        Poll = TimeSpan.FromMilliseconds(10), Redeliver = TimeSpan.FromMilliseconds(100), Patience = Patience,
    };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-cluster-");
    private readonly BusinessTime _clock = new(LoopWorld.Start);
    private readonly MemoryMachineStore _store = new();
    private readonly MemoryFeedbackStore _stream = new(Quick, TimeProvider.System);
    private readonly LoopWorld _world;
    private readonly WorldShard _shard;
    private readonly TimeSpan _skew;
    private readonly HashSet<string> _roles;
    private InProcessTestCluster _cluster = null!;
    private AdRetriever _retriever = null!;
    private EmbeddedHost? _host;
    private ClusterLoop _loop = null!;

    private OrleansLoop(LoopWorld world, TimeSpan skew, bool hasControl)
    {
        (_world, _shard, _skew) = (world, new WorldShard(world), skew);
        _roles = [SiloRoles.Gateway, SiloRoles.Retrieval];
        if (hasControl)
            _roles.Add(SiloRoles.Control);
    }

    public IAdGateway Gateway => _loop.Gateway;

    /// <summary>What finds the ads.</summary>
    public AdRetriever Retriever => _retriever;

    public IAdCatalogue Catalogue => _loop.Catalogue;

    public IFeedback Feedback => _loop.Feedback;

    public IUserStore Users => _loop.Users;

    public IActorVersions Actors => new GrainActors(
        Grains, ServicesOf(0).GetRequiredService<MachineFactory>(), ServicesOf(0).GetRequiredService<RolloutOptions>());

    public ICalibratorVersions Calibrators =>
        new GrainCalibratorVersions(Grains, ServicesOf(0).GetRequiredService<MachineFactory>(), new RolloutOptions());

    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>The silos' cluster.</summary>
    public InProcessTestCluster Cluster => _cluster;

    /// <summary>The store that all silos share.</summary>
    public MemoryMachineStore Store => _store;

    /// <summary>The stream of feedback that all silos share.</summary>
    public MemoryFeedbackStore Stream => _stream;

    /// <summary>What keeps silos' calls from coming through.</summary>
    public CallCut Cut { get; } = new();

    /// <summary>The gateway's loop.</summary>
    public ClusterLoop Loop => _loop;

    /// <summary>Grains, as the gateway's silo calls them.</summary>
    public IGrainFactory Grains => ServicesOf(0).GetRequiredService<IGrainFactory>();

    /// <summary>Starts it.</summary>
    /// <param name="world">The market.</param>
    /// <param name="skew">By how much the clock of the silo without the gateway is ahead of the other's.</param>
    /// <param name="hasControl">Whether the silos have the role of those that campaigns belong on.</param>
    public static async Task<OrleansLoop> StartAsync(LoopWorld world, TimeSpan skew = default, bool hasControl = true)
    {
        var host = new OrleansLoop(world, skew, hasControl);
        AdsDirectory.WriteCampaigns(host._directory.FullName, world.Campaigns);
        AdsDirectory.WriteAds(host._directory.FullName, world.Ads);
        await host.OpenAsync();
        return host;
    }

    /// <summary>What a front door in a process of its own is made of, beside the cluster's client.</summary>
    public ServiceProvider DoorServices()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IGrainFactory>(_cluster.Client);
        services.AddSingleton(new ClusterClock(_clock));
        services.AddSingleton<IFeedbackStore>(_stream);
        services.AddSingleton(Quick);
        services.AddRecallDoor(new SiloNode
        {
            Name = "door",
            Cluster = "test",
            Roles = new HashSet<string> { SiloRoles.Door },
            MarketDirectory = _directory.FullName,
            ShardMemory = 0,
            UserPatience = Patience,
            FeedbackPatience = 2 * Patience,
        });
        return services.BuildServiceProvider();
    }

    /// <summary>
    /// No timer of a grain looks at the business clock: it could do so between a test's moving the clock and <see cref="PassAsync"/>.
    /// </summary>
    public static ServingStateOptions PassedByHand { get; } =
        new() { Campaigns = new CampaignOptions { TickCheck = TimeSpan.FromHours(12) } };

    /// <summary>Has a grain live on a silo.</summary>
    public Task PlaceAsync(IAddressable grain, int silo) => Placing.OnAsync(_cluster, grain, silo);

    /// <summary>What a silo is made of.</summary>
    public IServiceProvider ServicesOf(int silo) => _cluster.GetSiloServiceProvider(_cluster.Silos[silo].SiloAddress);

    public async Task PutCampaignAsync(CampaignSettings settings)
    {
        await _loop.Campaigns.PutAsync(settings, null, default);
        await PassAsync(TimeSpan.Zero);
    }

    public async Task PassAsync(TimeSpan span)
    {
        _clock.Advance(span);
        // What was rolled out is known wherever campaigns are.
        long revision = await Grains.GetGrain<IActorsGrain>(0).RevisionAsync();
        await Task.WhenAll(Enumerable.Range(0, _cluster.Silos.Count).Select(
            silo => ServicesOf(silo).GetRequiredService<SiloActors>().WaitForAsync(revision, default)));
        await _loop.PassAsync(default);
        await KeepUpAsync();
    }

    /// <summary>Completes when every silo, and so each of its shards, knows what the book's grain knows now.</summary>
    public async Task KeepUpAsync()
    {
        await _loop.KeepUpAsync(default);
        (Guid life, long version) = await Grains.GetGrain<IBidBookGrain>(0).VersionAsync();
        for (int silo = 0; silo < _cluster.Silos.Count; silo++)
        {
            SiloMarket known = ServicesOf(silo).GetRequiredService<SiloMarket>();
            await known.Book.WaitForAsync(life, version, default);
            LocalMarket market = await known.Ready;
            await market.WaitForAsync(market.Latest, default);
        }
    }

    public async Task<DayAccount> AccountAsync(long campaign) => (await CampaignAsync(campaign)).Today;

    public async Task<CampaignView> CampaignAsync(long campaign) => (await _loop.Campaigns.FindAsync(campaign, default))!;

    public Task ReportAsync(long campaign, BidReport report) => _loop.Campaigns.ReportAsync(campaign, report, default);

    public async Task<CalibrationModel> MapsAsync()
    {
        await _loop.KeepUpAsync(default);
        return ServicesOf(0).GetRequiredService<BookReader>().Current.Book.Click;
    }

    public void FailShards(bool fail) => _shard.Fails = fail;

    public void SilenceShards(bool silent) => _shard.IsSilent = silent;

    public Task PublishBookAsync() => _loop.Campaigns.PutAsync(_world.Campaigns[0], null, default);

    public async Task RestartAsync()
    {
        // Killed, not stopped: what is not in the store is gone.
        foreach (InProcessSiloHandle silo in _cluster.Silos.ToArray())
            await _cluster.KillSiloAsync(silo);
        await _cluster.DisposeAsync();
        _retriever.Dispose();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        if (_host is not null)
            await _host.DisposeAsync();
        await _cluster.DisposeAsync();
        _retriever.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task OpenAsync()
    {
        var loopOptions = new GatewayLoopOptions
        {
            Gateway = new GatewayOptions { Candidates = _world.Candidates, MaxAdsPerAdvertiser = _world.MaxAdsPerAdvertiser },
            ValueRecallShare = 0,
            Seed = _world.Seed,
        };
        var builder = new InProcessTestClusterBuilder(Silos);
        builder.ConfigureSilo((options, silo) =>
        {
            var node = new SiloNode
            {
                Name = options.SiloName,
                Cluster = "test",
                Roles = _roles,
                MarketDirectory = _directory.FullName,
                ModelDirectory = _world.Index?.ModelDirectory,
                IndexDirectory = _world.Index?.IndexDirectory,
                Replicas = Silos,
                ShardMemory = long.MaxValue,
                UserPatience = Patience,
                FeedbackPatience = 2 * Patience,
            };
            silo.UseSiloMetadata(SiloRoles.MetadataOf(node));
            silo.UseInMemoryReminderService();
            silo.AddOutgoingGrainCallFilter(Cut);
            silo.Services.AddSingleton<IMachineStore>(_store);
            silo.Services.AddSingleton<IFeedbackStore>(_stream);
            silo.Services.AddSingleton(Quick);
            silo.Services.AddSingleton(new ClusterClock(options.SiloName == WithGateway ? _clock : new SkewedTime(_clock, _skew)));
            silo.Services.AddSingleton(new MachineHostOptions { Pause = TimeSpan.FromMilliseconds(10), FollowersWait = Patience });
            silo.Services.AddSingleton(PassedByHand);
            silo.Services.AddSingleton(loopOptions);
            silo.Configure<Orleans.Configuration.SiloMessagingOptions>(messaging => messaging.ResponseTimeout = 3 * Patience);
            silo.Services.AddRecallGrains(node);
        });
        builder.ConfigureClient(client =>
        {
            client.Services.AddRecallContracts();
            client.Configure<Orleans.Configuration.ClientMessagingOptions>(messaging => messaging.ResponseTimeout = 3 * Patience);
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        await SilosKnown.UntilAsync(_cluster, SiloRoles.Gateway);
        Assert.Equal(WithGateway, _cluster.Silos[0].Name);
        IServiceProvider first = ServicesOf(0);
        if (_world.Index is null)
        {
            _retriever = _shard.Retriever();
            _loop = await ClusterLoop.OpenAsync(
                Grains, _retriever, first.GetRequiredService<SiloMarket>(), first.GetRequiredService<SiloNode>(),
                first.GetRequiredService<ClusterClock>(), loopOptions, first.GetRequiredService<Deferral>(), TimeProvider.System, default);
        }
        else
        {
            var composition = (GatewayComposition)first.GetRequiredService<IGatewayComposition>();
            (_host, _, _loop, _) = await composition.ComposeAsync(default);
            _retriever = _host.Retriever;
        }
        first.GetRequiredService<OpenGateway>().Services = new GatewayServices
        {
            Retriever = _retriever, Gateway = _loop.Gateway, Live = _loop.Live,
        };
    }
}

/// <summary>A clock that is wrong by so much.</summary>
internal sealed class SkewedTime(TimeProvider clock, TimeSpan skew) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow() + skew;
}
