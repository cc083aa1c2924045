using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Shards;
using RecallCluster.Grains.Tests.Cluster;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Tests;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Rollouts;

/// <summary>Silos over one store, with a real model and index of two shards, two replicas each, and gateways as silos open them.</summary>
internal sealed class IndexedCluster : IAsyncDisposable
{
    public const int Ads = 60, Shards = 2, Replicas = 2;

    /// <summary>How long anything may take, on a machine that has too much to do.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-rollout-");
    private readonly MemoryMachineStore _store = new();
    private readonly HandMadeModel _first = new(Ads, seed: 1);
    private readonly List<GatewayServices> _gateways = [];
    private readonly long _shardMemory;
    private readonly IDeviceScoring? _device;
    private InProcessTestCluster _cluster = null!;

    private IndexedCluster(long shardMemory, IDeviceScoring? device) => (_shardMemory, _device) = (shardMemory, device);

    /// <summary>The first gateway.</summary>
    public GatewayServices Gateway => _gateways[0];

    /// <summary>All gateways.</summary>
    public IReadOnlyList<GatewayServices> Gateways => _gateways;

    /// <summary>The versions, as a door sees them.</summary>
    public IIndexVersions Indexes => Gateway.Indexes!;

    /// <summary>The model that the cluster begins with.</summary>
    public HandMadeModel First => _first;

    public InProcessTestCluster Cluster => _cluster;

    /// <summary>What keeps replicas from loading versions.</summary>
    public LoadGate Loading { get; } = new();

    public IIndexGrain Index => Grains.GetGrain<IIndexGrain>(GatewayComposition.IndexName);

    public IGrainFactory Grains => ServicesOf(0).GetRequiredService<IGrainFactory>();

    private string Versions => Path.Combine(_directory.FullName, "versions");

    private string Market => Path.Combine(_directory.FullName, "market");

    /// <summary>Starts silos, and gateways on the first of them.</summary>
    public static async Task<IndexedCluster> StartAsync(
        short silos = 2, int gateways = 1, long shardMemory = long.MaxValue, IDeviceScoring? device = null)
    {
        var started = new IndexedCluster(shardMemory, device);
        Directory.CreateDirectory(started.Versions);
        Directory.CreateDirectory(started.Market);
        AdsDirectory.WriteCampaigns(started.Market, [LoopWorld.Campaign(1, 0.5), LoopWorld.Campaign(2, 0.4)]);
        AdsDirectory.WriteAds(started.Market, [.. Enumerable.Range(0, Ads).Select(i => LoopWorld.Ad($"ad{i}", 1 + (i % 2)))]);
        await started.OpenAsync(silos);
        for (int i = 0; i < gateways; i++)
            started._gateways.Add(await started.OpenGatewayAsync(i));
        return started;
    }

    /// <summary>Puts model and index where versions are looked for.</summary>
    public void Add(string name, HandMadeModel model)
    {
        (string to, string index) = VersionPair.PlaceIn(Path.Combine(Versions, name));
        Copy(model.ModelPath, to);
        Copy(model.Index(Shards), index);
    }

    /// <summary>Where a version's files are.</summary>
    public string DirectoryOf(string name) => Path.Combine(Versions, name) + Path.DirectorySeparatorChar;

    /// <summary>The file of a version's shard.</summary>
    public string FileOf(string name, int shard) =>
        Path.Combine(VersionPair.PlaceIn(Path.Combine(Versions, name)).Index, $"shard-{shard}.index");

    /// <summary>Bytes of a model's shards.</summary>
    public static long BytesOf(HandMadeModel model) =>
        new DirectoryInfo(model.Index(Shards)).EnumerateFiles("*.index").Sum(file => file.Length);

    public IServiceProvider ServicesOf(int silo) => _cluster.GetSiloServiceProvider(_cluster.Silos[silo].SiloAddress);

    public IShardGrain Replica(int shard, int replica) =>
        Grains.GetGrain<IShardGrain>(new ReplicaKey(GatewayComposition.IndexName, shard, replica).ToString());

    /// <summary>Waits for the roll-out to come to something.</summary>
    public Task<RolloutView> UntilAsync(Func<RolloutView, bool> condition) =>
        UntilAsync(() => Indexes.RolloutAsync(default), condition);

    /// <summary>Asks until the answer is as wanted; what cannot be reached now is asked again.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isIt)
    {
        using var patience = new CancellationTokenSource(Patience);
        object? last = null;
        while (!patience.IsCancellationRequested)
        {
            try
            {
                T told = await ask().WaitAsync(patience.Token);
                if (isIt(told))
                    return told;
                last = told;
            }
            // The silo that is gone is declared dead soon.
            catch (Exception e) when (e is OrleansException or TimeoutException or IOException or OperationCanceledException)
            {
                last = e;
            }
            await Task.Delay(Look, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        throw new TimeoutException($"That was not so within {Patience}; the last that was told: {last}");
    }

    /// <summary>Gives up the version before, as soon as no gateway is in the way.</summary>
    public Task<RolloutView> DropPreviousAsync() => UntilAsync(TryDropAsync, view => view.Previous is null);

    /// <summary>The silo that a grain lives on.</summary>
    public async Task<SiloAddress?> HomeOfAsync(IAddressable grain) =>
        await Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain);

    /// <summary>Has a grain live on a silo.</summary>
    public Task PlaceAsync(IAddressable grain, int silo) => Placing.OnAsync(_cluster, grain, silo);

    /// <summary>What a request is.</summary>
    public static RetrievalRequest Request(params string[] behaviour) => new(new UserFeatures { Sequence = behaviour }, 10);

    public async ValueTask DisposeAsync()
    {
        foreach (GatewayServices gateway in _gateways)
            await gateway.DisposeAsync();
        await _cluster.DisposeAsync();
        _first.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task<RolloutView> TryDropAsync()
    {
        try
        {
            return await Indexes.DropPreviousAsync(default);
        }
        catch (InvalidOperationException)
        {
            return await Indexes.RolloutAsync(default);
        }
    }

    private async Task<GatewayServices> OpenGatewayAsync(int silo)
    {
        try
        {
            return await ServicesOf(silo).GetRequiredService<IGatewayComposition>().OpenAsync(default).WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            var versions = new GrainIndexVersions(Grains, GatewayComposition.IndexName, new RolloutOptions());
            RolloutView view = await versions.RolloutAsync(default);
            throw new TimeoutException($"The gateway did not open; the index: {view}");
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private async Task OpenAsync(short silos)
    {
        string index = _first.Index(Shards);
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((options, silo) =>
        {
            var node = new SiloNode
            {
                Name = options.SiloName,
                Cluster = "test",
                Roles = new HashSet<string> { SiloRoles.Gateway, SiloRoles.Retrieval, SiloRoles.Control },
                MarketDirectory = Market,
                ModelDirectory = _first.ModelPath,
                IndexDirectory = index,
                VersionsDirectory = Versions,
                Replicas = Replicas,
                ShardMemory = _shardMemory,
                UserPatience = Patience,
                Device = _device is null ? null : new DeviceOptions { Scorer = ScorerChoice.TryParse("torch-cpu")! },
            };
            if (_device is not null)
                silo.Services.AddSingleton(_device);
            silo.UseSiloMetadata(SiloRoles.MetadataOf(node));
            silo.UseInMemoryReminderService();
            silo.AddOutgoingGrainCallFilter(Loading);
            silo.Services.AddSingleton<IMachineStore>(_store);
            silo.Services.AddSingleton(new ClusterClock(new BusinessTime(LoopWorld.Start)));
            silo.Services.AddSingleton(new MachineHostOptions { Pause = TimeSpan.FromMilliseconds(10) });
            silo.Services.AddSingleton(OrleansLoop.PassedByHand);
            silo.Services.AddSingleton(new GatewayLoopOptions { ValueRecallShare = 0 });
            // Of two random models neither is better, and two silos of one process share its processors.
            silo.Services.AddSingleton(new RolloutOptions
            {
                Shadow = new ShadowLimits
                {
                    Requests = 20, Share = 1, LeastValue = 0, MostValue = 1e9, LeastOverlap = 0, MostLatency = 1e6, Patience = Patience,
                },
            });
            silo.Services.AddRecallGrains(node);
        });
        builder.ConfigureClient(client => client.Services.AddRecallContracts());
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        await SilosKnown.UntilAsync(_cluster);
    }
}
