using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving;

/// <summary>
/// What serving tells those who watch it: a source of traces and a meter, both called <see cref="Name"/>. A trace of a request for ads:
/// <code>
/// door ─► gateway.answer ─► user ─► shard (each) ─► shard.search ─► rank ─► bid ─► auction
/// door ─► journal.append (each event)
/// </code>
/// A shard in another process continues the trace there.
/// </summary>
public static class Telemetry
{
    /// <summary>Name of the source and of the meter.</summary>
    public const string Name = "RecallCluster.Serving";

    internal static readonly ActivitySource Source = new(Name);

    private const string Sold = "sold";
    private const string Failure = "failed";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Requests =
        Meter.CreateCounter<long>("recall.requests", "{request}", "Requests for ads, by outcome: sold, failed, or why there was no ad.");

    private static readonly Counter<long> Wins = Meter.CreateCounter<long>("recall.wins", "{ad}", "Ads delivered.");

    private static readonly Counter<long> Scorings =
        Meter.CreateCounter<long>("recall.scorings", "{scoring}", "Ads scored, over all shards.");

    private static readonly Counter<double> Revenue =
        Meter.CreateCounter<double>("recall.revenue", "{currency}", "Money charged, in units of the currency.");

    private static readonly Counter<long> BackgroundFailures = Meter.CreateCounter<long>(
        "recall.background.failures", "{failure}", "Background work that failed, by part: clock, gateway, journal, leases, newAds, "
            + "publication, reports, stop, survey, valueRecall.");

    private static readonly Gauge<int> BackgroundFailing = Meter.CreateGauge<int>(
        "recall.background.failing", description: "1 for background work that failed the last time, 0 for what has recovered, by part.");

    private static readonly Counter<long> ShadowFailures = Meter.CreateCounter<long>(
        "recall.shadow.failures", "{request}", "Requests that a version which is compared with the running one could not answer.");

    private static readonly UpDownCounter<long> NewAdsHeld = Meter.CreateUpDownCounter<long>(
        "recall.new_ads", "{ad}", "Ads in the shards that their indexes do not know, over the versions that are loaded.");

    private static readonly UpDownCounter<long> Searching = Meter.CreateUpDownCounter<long>(
        "recall.searches.running", "{search}", "Searches of shards on threads of the pool.");

    private static readonly UpDownCounter<long> SearchesInLine = Meter.CreateUpDownCounter<long>(
        "recall.searches.waiting", "{search}", "Searches of shards that wait until another one ends.");

    private static readonly Histogram<double> Duration =
        Meter.CreateHistogram<double>("recall.request.duration", "s", "Time of a request, from the gateway to the answer.");

    private static readonly Histogram<double> Stages =
        Meter.CreateHistogram<double>("recall.stage.duration", "s", "Time of a request, by stage: user, search, rank, bid, auction.");

    private static readonly Histogram<double> Coverage = Meter.CreateHistogram(
        "recall.coverage", null, "Share of the ads on shards that answered.", null, Shares(0, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999));

    private static readonly Histogram<double> ValueRecalls = Meter.CreateHistogram(
        "recall.value_recall", null, "Auction value found over that of scoring every ad, of sampled requests.", null,
        Shares(0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999));

    // Names as the rest of the door writes them.
    private static readonly string[] Outcomes =
        [.. Enum.GetNames<NoAdReason>().Select((name, reason) => reason == 0 ? Sold : JsonNamingPolicy.CamelCase.ConvertName(name))];

    /// <summary>A version that is not running yet could not answer a request.</summary>
    internal static void ShadowFailed(Exception failure) =>
        ShadowFailures.Add(1, new KeyValuePair<string, object?>("error", failure.GetType().Name));

    /// <summary>Counts an answer.</summary>
    internal static void Answered(AdAnswer answer, Activity? activity)
    {
        Requests.Add(1, new KeyValuePair<string, object?>("outcome", Outcomes[(int)answer.NoAd]));
        Wins.Add(answer.Ads.Count);
        Scorings.Add(answer.Scorings);
        Coverage.Record(answer.Coverage);
        Duration.Record(answer.Timings.Total.TotalSeconds);
        if (Stages.Enabled)
        {
            Record("user", answer.Timings.User);
            Record("search", answer.Timings.Search);
            Record("rank", answer.Timings.Rank);
            Record("bid", answer.Timings.Bid);
            Record("auction", answer.Timings.Auction);
        }
        activity?.SetTag("recall.version", answer.Version)
            .SetTag("recall.book", answer.BookVersion)
            .SetTag("recall.scorings", answer.Scorings)
            .SetTag("recall.coverage", answer.Coverage)
            .SetTag("recall.ads", answer.Ads.Count);
    }

    /// <summary>Counts a request that failed.</summary>
    internal static void Failed(Exception failure, Activity? activity)
    {
        Requests.Add(1, new KeyValuePair<string, object?>("outcome", Failure));
        activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
    }

    /// <summary>Counts background work that failed.</summary>
    internal static void BackgroundFailed(string part)
    {
        var tag = new KeyValuePair<string, object?>("part", part);
        BackgroundFailures.Add(1, tag);
        BackgroundFailing.Record(1, tag);
    }

    /// <summary>Background work that had failed was done.</summary>
    internal static void BackgroundRecovered(string part) => BackgroundFailing.Record(0, new KeyValuePair<string, object?>("part", part));

    /// <summary>Counts ads that were put into shards, or taken out.</summary>
    internal static void NewAds(int change)
    {
        if (change != 0)
            NewAdsHeld.Add(change);
    }

    /// <summary>Counts searches that begin, or end.</summary>
    internal static void SearchesRun(int change) => Searching.Add(change);

    /// <summary>Counts searches that begin to wait, or wait no longer.</summary>
    internal static void SearchesWait(int change) => SearchesInLine.Add(change);

    /// <summary>Counts money.</summary>
    internal static void Charged(Micros amount)
    {
        if (amount > Micros.Zero)
            Revenue.Add(amount.ToUnits());
    }

    /// <summary>Notes the value recall of one request.</summary>
    internal static void ValueRecall(double recall) => ValueRecalls.Record(recall);

    private static void Record(string stage, TimeSpan time) =>
        Stages.Record(time.TotalSeconds, new KeyValuePair<string, object?>("stage", stage));

    private static InstrumentAdvice<double> Shares(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
