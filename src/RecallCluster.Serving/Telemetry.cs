using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace RecallCluster.Serving;

/// <summary>What serving tells those who watch it: a source of traces and a meter, both called <see cref="Name"/>.</summary>
public static class Telemetry
{
    /// <summary>Name of the source and of the meter.</summary>
    public const string Name = "RecallCluster.Serving";

    internal static readonly ActivitySource Source = new(Name);

    private static readonly Meter s_meter = new(Name);

    private static readonly Counter<long> s_requests =
        s_meter.CreateCounter<long>("recall.gateway.requests", "{request}", "Requests answered, by why there was no ad.");

    private static readonly Counter<long> s_wins = s_meter.CreateCounter<long>("recall.gateway.wins", "{ad}", "Ads delivered.");

    private static readonly Histogram<double> s_duration =
        s_meter.CreateHistogram<double>("recall.gateway.duration", "s", "Time of a request, by stage; stage 'all' is the whole.");

    /// <summary>Counts an answer.</summary>
    internal static void Answered(AdAnswer answer, Activity? activity)
    {
        if (s_requests.Enabled)
            s_requests.Add(1, new KeyValuePair<string, object?>("no_ad", answer.NoAd.ToString()));
        if (s_wins.Enabled)
            s_wins.Add(answer.Ads.Count);
        if (s_duration.Enabled)
        {
            Record("user", answer.Timings.User);
            Record("search", answer.Timings.Search);
            Record("rank", answer.Timings.Rank);
            Record("bid", answer.Timings.Bid);
            Record("auction", answer.Timings.Auction);
            Record("all", answer.Timings.Total);
        }
        activity?.SetTag("recall.version", answer.Version)
            .SetTag("recall.book", answer.BookVersion)
            .SetTag("recall.scorings", answer.Scorings)
            .SetTag("recall.coverage", answer.Coverage)
            .SetTag("recall.ads", answer.Ads.Count);
    }

    private static void Record(string stage, TimeSpan time) =>
        s_duration.Record(time.TotalSeconds, new KeyValuePair<string, object?>("stage", stage));
}
