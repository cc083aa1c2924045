using System.Globalization;
using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Live;

namespace RecallCluster.Browser.Tests;

/// <summary>A market of made-up figures that moves a little each time it is looked at.</summary>
internal sealed class MovingFigures : ILiveView, ICampaigns
{
    /// <summary>A name that would be mischief if a page took it for markup.</summary>
    public const string HostileName = "<img src=x onerror=\"document.title='taken'\">";

    private static readonly DateTimeOffset Midnight = new(2026, 5, 12, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Names =
    [
        "Northwind Shoes", "Blue Harbour Tea", "Fjord Outdoor", "Kettle & Co", "Lumen Lamps", "Orchard Books", "Pine Street Bikes",
        "Quartz Watches", "Riverbank Coffee", "Solstice Travel", "Tandem Toys", "Umbra Eyewear", "Velvet Sofas", "Willow Garden",
        "Xylo Music", "Yonder Maps", "Zephyr Kites", HostileName,
    ];

    private static readonly double[] Predictions = [0.0012, 0.003, 0.006, 0.011, 0.02, 0.035, 0.06, 0.11];

    private const int FirstId = 101;

    private int _looks;

    public ValueTask<LiveSnapshot> SnapshotAsync(CancellationToken cancellation)
    {
        int look = Interlocked.Increment(ref _looks);
        double share = ShareAt(look);
        double swing = Math.Sin(look / 7.0);
        return ValueTask.FromResult(new LiveSnapshot
        {
            At = Midnight.AddDays(share),
            Traffic = new LiveTraffic(
                510 + (40 * swing), 0, look % 60 > 50 ? 3.5 : 0, 4.1 + (0.4 * swing), 12.6 - (2 * swing), Stages(swing)),
            Retrieval = new LiveRetrieval(100_000, 0.0203 + (0.001 * swing), 1, 0.957 + (0.01 * swing)),
            Market = new LiveMarket(1234.5 + (0.37 * look), 40_000 + (41L * look), 842 + look, 44 + (look / 20), 12, 3, 7),
            Campaigns = [.. Names.Select((name, i) => CampaignOf(name, i, share)).OrderByDescending(c => c.Today.Spent)],
            Calibration = new LiveCalibration(Reliability(0.6), Reliability(1), Hours((int)(24 * share))),
            Shards = [.. Enumerable.Range(0, 4).Select(n => ShardOf(n, look))],
            Background =
            [
                new LiveBackground("reports", 2, false, "The disk is full."),
                new LiveBackground("valueRecall", 1 + (look / 10), true, HostileName),
            ],
            Versions = new Dictionary<string, string>
            {
                ["model"] = "deep-2f9c1a7e", ["index"] = "ads-100k-5b1d", ["book"] = $"{18_000 + look}", ["software"] = "0.1.0",
            },
        });
    }

    public Task<IReadOnlyList<CampaignView>> ListAsync(long after, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<CampaignView>>(
            [.. Names.Select((name, i) => CampaignOf(name, i, ShareAt(_looks))).Where(c => c.Settings.Id > after).Take(limit)]);

    public Task<CampaignView?> FindAsync(long id, CancellationToken cancellation)
    {
        int i = (int)id - FirstId;
        return Task.FromResult(i >= 0 && i < Names.Length ? CampaignOf(Names[i], i, ShareAt(_looks)) : null);
    }

    public Task<CampaignView> PutAsync(CampaignSettings settings, long? ifVersion, CancellationToken cancellation) =>
        throw new NotSupportedException("Made-up campaigns do not change.");

    private static double ShareAt(int look) => 0.45 + (0.0005 * look);

    private static Dictionary<string, double> Stages(double swing) => new()
    {
        ["user"] = 0.21, ["search"] = 3.1 + (0.3 * swing), ["rank"] = 0.42, ["bid"] = 0.19, ["auction"] = 0.08,
    };

    private static CampaignView CampaignOf(string name, int i, double share)
    {
        bool paused = i == 6, bounded = i % 3 != 1, byRate = i % 5 == 3;
        double budget = 300 + (137 * (i * 7 % 11)), pace = 0.84 + (0.025 * (i * 5 % 9)), limit = byRate ? 1 / 0.024 : 0.42 + (0.05 * i);
        CampaignTick Tick(double at) => new(
            Midnight.AddDays(at),
            Micros.Floor(budget * pace * at * 1e6),
            at,
            bounded ? [0.8 + (0.2 * Math.Sin((9 * at) + i)), 0.3 + (0.1 * Math.Cos(7 * at))] : [0.8 + (0.2 * Math.Sin((9 * at) + i))],
            bounded ? limit * (0.93 + (0.015 * (i % 8)) + (0.08 * Math.Sin(12 * at))) : double.NaN);
        double reached = paused ? 0.2 : share;
        CampaignTick now = Tick(reached);
        long clicks = (long)(budget * pace * reached / 0.5);
        return new CampaignView
        {
            Settings = new CampaignSettings
            {
                Id = FirstId + i,
                Name = name,
                AdvertiserId = i + 1,
                AdvertiserDomain = string.Concat(name.ToLowerInvariant().Where(char.IsAsciiLetter)) + ".example",
                Terms = new CampaignTerms
                {
                    CampaignId = FirstId + i,
                    TimeZone = i == 2 ? "Europe/Berlin" : "UTC",
                    DailyBudget = Micros.Floor(budget * 1e6),
                    FlightStart = Midnight.AddDays(-3),
                },
                Product = !bounded ? "click" : byRate ? "click-ctr" : "click-cpc",
            },
            Version = 3,
            Status = paused ? CampaignStatus.Paused : CampaignStatus.Active,
            Today = Account(budget, now.Spent, clicks),
            TotalSpent = now.Spent + now.Spent,
            PlannedShare = share,
            Weights = now.Weights,
            Kpis = bounded ? [new KpiView(byRate ? "1/ctr" : "cpc", now.Kpi, limit)] : [],
            Ticks = [.. Enumerable.Range(0, (int)(reached * 96)).Select(t => Tick(t / 96.0))],
        };
    }

    /// <summary>Books are written by a ledger alone; a reader of its state gets them as they were stored.</summary>
    private static DayAccount Account(double budget, Micros spent, long clicks) => JsonSerializer.Deserialize<DayAccount>(string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        {
          "Day": { "Date": "2026-05-12", "Start": "2026-05-12T00:00:00+00:00", "End": "2026-05-13T00:00:00+00:00" },
          "Budget": {{(long)(budget * 1e6)}}, "Spent": {{spent.Value}}, "Leased": 1500000,
          "Impressions": {{clicks * 43}}, "Clicks": {{clicks}}, "Conversions": {{clicks / 20}}
        }
        """))!;

    private static ReliabilityRow[] Reliability(double truth) =>
        [.. Predictions.Select((p, i) =>
        {
            double rate = p * truth * (1 + (0.06 * Math.Sin(2 * i))), error = 1.96 * Math.Sqrt(rate / 9000);
            return new ReliabilityRow(9000, p, rate, Math.Max(0, rate - error), rate + error);
        })];

    private static PeriodPcoc[] Hours(int hours) =>
        [.. Enumerable.Range(0, hours + 1).Select(h => new PeriodPcoc(
            h, 5000, 100, h == 1 ? double.PositiveInfinity : 1 + (0.12 * Math.Exp(-h / 3.0) * Math.Cos(h)) + (0.03 * Math.Sin(2 * h))))];

    private static LiveShard ShardOf(int n, int look)
    {
        LiveReplica here = new("in process", "healthy", "v-2f9c1a7e", (look + n) % 4, 3.4 + (0.1 * n));
        LiveReplica there = new($"http://127.0.0.1:71{n}0", n == 3 ? "suspect" : "healthy", "v-2f9c1a7e", n, 4.2 + (0.1 * n));
        return new LiveShard(n, 25_000 + (37 * n), n > 1 ? [here, there] : [here]);
    }
}

/// <summary>A server that has nothing to show yet.</summary>
internal sealed class NoFigures : ILiveView
{
    public ValueTask<LiveSnapshot> SnapshotAsync(CancellationToken cancellation) => ValueTask.FromResult(new LiveSnapshot
    {
        At = new DateTimeOffset(2026, 5, 12, 0, 0, 0, TimeSpan.Zero),
        Traffic = new LiveTraffic(0, 0, 0, double.NaN, double.NaN, new Dictionary<string, double>()),
        Retrieval = new LiveRetrieval(0, 0, 0, null),
        Market = new LiveMarket(0, 0, 0, 0, 0, 0, 0),
        Campaigns = [],
        Calibration = new LiveCalibration([], [], []),
        Shards = [],
        Versions = new Dictionary<string, string>(),
    });
}
