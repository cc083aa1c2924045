using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Maps;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>The embedded edition's loop: market directory and state file in a directory that goes when the test is over.</summary>
internal sealed class DurableLoop : IActorLoop, ICalibratedLoop
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-loop-");
    private readonly BusinessTime _clock = new(LoopWorld.Start);
    private readonly LoopWorld _world;
    private readonly WorldShard _shard;
    private AdRetriever _retriever = null!;
    private EmbeddedHost? _host;
    private ClosedLoop _loop = null!;

    private DurableLoop(LoopWorld world) => (_world, _shard) = (world, new WorldShard(world));

    public IAdGateway Gateway => _loop.Gateway;

    /// <summary>What finds the ads.</summary>
    public AdRetriever Retriever => _retriever;

    public IAdCatalogue Catalogue => _loop.Catalogue;

    public IFeedback Feedback => _loop.Feedback;

    public IUserStore Users => _loop.Users;

    public IActorVersions Actors => _loop.State.Actors;

    public DateTimeOffset Now => _clock.GetUtcNow();

    public ClosedLoop Loop => _loop;

    public ICalibratorVersions Calibrators => _loop.Calibrators;

    public Task<CalibrationModel> MapsAsync() => Task.FromResult(_loop.State.Directory.Current.Book.Click);

    public static async Task<DurableLoop> StartAsync(LoopWorld world)
    {
        var host = new DurableLoop(world);
        AdsDirectory.WriteCampaigns(host._directory.FullName, world.Campaigns);
        AdsDirectory.WriteAds(host._directory.FullName, world.Ads);
        await host.OpenAsync();
        return host;
    }

    public async Task PutCampaignAsync(CampaignSettings settings)
    {
        await _loop.Campaigns.PutAsync(settings, null, default);
        await PassAsync(TimeSpan.Zero);
    }

    public Task PassAsync(TimeSpan span)
    {
        _clock.Advance(span);
        return _loop.PassAsync();
    }

    public async Task<DayAccount> AccountAsync(long campaign) => (await CampaignAsync(campaign)).Today;

    public async Task<CampaignView> CampaignAsync(long campaign) => (await _loop.Campaigns.FindAsync(campaign, default))!;

    public Task ReportAsync(long campaign, BidReport report) => _loop.State.Campaigns.ReportAsync(campaign, report);

    public void FailShards(bool fail) => _shard.Fails = fail;

    public void SilenceShards(bool silent) => _shard.IsSilent = silent;

    public Task PublishBookAsync() => _loop.Campaigns.PutAsync(_world.Campaigns[0], null, default);

    public async Task RestartAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _directory.Delete(recursive: true);
    }

    private async Task CloseAsync()
    {
        // A host has both.
        if (_host is null)
        {
            await _loop.DisposeAsync();
            _retriever.Dispose();
        }
        else
        {
            await _host.DisposeAsync();
        }
    }

    private async Task OpenAsync()
    {
        var options = new ClosedLoopOptions
        {
            MarketDirectory = _directory.FullName,
            StateFile = Path.Combine(_directory.FullName, "state.db"),
            BusinessClock = _clock,
            Seed = _world.Seed,
            Gateway = new GatewayOptions { Candidates = _world.Candidates, MaxAdsPerAdvertiser = _world.MaxAdsPerAdvertiser },
        };
        if (_world.Index is { } index)
        {
            _host = new EmbeddedHost();
            _host.Load(new EmbeddedHostOptions { ModelDirectory = index.ModelDirectory, IndexDirectory = index.IndexDirectory });
            (_retriever, _loop) = (_host.Retriever, await _host.OpenLoopAsync(options));
            return;
        }
        _retriever = _shard.Retriever();
        _loop = await ClosedLoop.OpenAsync(_retriever, options);
    }
}
