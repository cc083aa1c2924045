using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Tests;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Silo.Tests.Faults;

namespace RecallCluster.Silo.Tests.Support;

/// <summary>A small model, its index and a market for silos to serve: campaigns 1 to 4, of a hundred ads each.</summary>
internal sealed class ServedMarket : IDisposable
{
    private const int Campaigns = 4, Ads = 400;

    /// <summary>Settings of silos and doors with which what is told of an event is known at once, however slow the machine is.</summary>
    public static readonly string[] Patient = ["--grains:feedbackSeconds=60", "--grains:responseSeconds=60"];

    private readonly HandMadeModel _model = new(Ads);
    private readonly Scratch _folder = new();
    private readonly string _index;

    public ServedMarket()
    {
        _index = _model.Index(shards: 2);
        string market = Directory.CreateDirectory(_folder["market"]).FullName;
        AdsDirectory.WriteCampaigns(
            market, Enumerable.Range(1, Campaigns).Select(id => LoopWorld.Campaign(id, clickPrice: 0.3 + (0.1 * id))));
        AdsDirectory.WriteAds(market, Enumerable.Range(0, Ads).Select(i => LoopWorld.Ad($"ad{i}", (i % Campaigns) + 1)));
    }

    /// <summary>The business clock of all who serve it: far from midnight, so that what is counted is of one day.</summary>
    public string[] Clock { get; } = FaultMarket.ClockFromNow();

    public string[] MarketSettings => [.. Clock, $"--directories:market={_folder["market"]}"];

    /// <summary>Settings of a silo that serves it.</summary>
    public string[] Settings =>
        [.. MarketSettings, $"--directories:model={_model.ModelPath}", $"--directories:index={_index}", "--silo:replicas=1"];

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }
}
