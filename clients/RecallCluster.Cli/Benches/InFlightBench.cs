using System.Diagnostics;
using RecallCluster.Cli.Reports;
using RecallCluster.Learning.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;

namespace RecallCluster.Cli.Benches;

/// <summary>A request of the in-flight bench: a prepared user, and where the walk starts too.</summary>
internal sealed record InFlightRequest(float[] State, int[] Seeds);

/// <summary>
/// One line: so many requests under way at once. Flops and bytes are what the scorings need at least, padding not counted; places are ads
/// that the device computed, padding included. It was measured from <paramref name="Start"/> to <paramref name="End"/>.
/// </summary>
internal sealed record InFlightRow(
    int InFlight, double RequestsPerSecond, double P50Ms, double P99Ms, double ScoringsPerSecond, double Gflops, double GigabytesPerSecond,
    double? RequestsPerBatch, double? PlacesPerScoring, DateTimeOffset Start, DateTimeOffset End);

/// <summary>Retrieval with several requests under way at once, on a device or on the host.</summary>
internal sealed record InFlightReport(
    string Scorer, string Description, double OverlapWithHost, GuidedSearchParameters Parameters, IReadOnlyList<InFlightRow> Rows);

/// <summary>Sends requests from so many callers at once, each waiting for its answer before it sends the next.</summary>
internal sealed class InFlightBench(
    GuidedSearch search, IWalker? walker, IDeviceShard? device, IReadOnlyList<InFlightRequest> requests, int k)
{
    /// <summary>Flops and bytes of one scoring at least: those of the folded form, and the ad's record.</summary>
    public required (double Flops, double Bytes) Cost { get; init; }

    /// <summary>Least time of a row.</summary>
    public TimeSpan TimeOfRow { get; init; }

    public InFlightReport Run(string scorer, GuidedSearch host, IReadOnlyList<int> inFlight, int count)
    {
        double overlap = requests.Take(50).Average(request =>
        {
            HashSet<int> expected = [.. host.Search(new GuidedRequest(request.State, k) { Seeds = request.Seeds }).Ordinals];
            return expected.Count == 0 ? 1 : (double)Find(request).Ordinals.Count(expected.Contains) / expected.Count;
        });
        InFlightRow[] rows = [.. inFlight.Select(callers => Measure(callers, count))];
        return new InFlightReport(scorer, device?.Description ?? "the processor", overlap, search.Parameters, rows);
    }

    /// <summary>Writes requests down for a peer: states, seeds padded with -1, and what the host found for them.</summary>
    public static void Export(string path, IReadOnlyList<InFlightRequest> requests, GuidedSearch host, int k)
    {
        int state = requests[0].State.Length, seeds = Math.Max(1, requests.Max(r => r.Seeds.Length));
        var paddedSeeds = new int[requests.Count * seeds];
        Array.Fill(paddedSeeds, -1);
        var found = new int[requests.Count * k];
        Array.Fill(found, -1);
        var states = new int[requests.Count * state];
        for (int i = 0; i < requests.Count; i++)
        {
            requests[i].Seeds.CopyTo(paddedSeeds, i * seeds);
            host.Search(new GuidedRequest(requests[i].State, k) { Seeds = requests[i].Seeds }).Ordinals.CopyTo(found, i * k);
            for (int at = 0; at < state; at++)
                states[(i * state) + at] = BitConverter.SingleToInt32Bits(requests[i].State[at]);
        }
        var writer = new SafeTensorsWriter();
        // As bits: a state holds codes in place of some of its floats.
        writer.Add("states", states, requests.Count, state);
        writer.Add("seeds", paddedSeeds, requests.Count, seeds);
        writer.Add("found", found, requests.Count, k);
        writer.Save(path);
    }

    private GuidedSearchResult Find(InFlightRequest request)
    {
        var asked = new GuidedRequest(request.State, k) { Seeds = request.Seeds };
        return walker is not null && walker.TrySearch(asked, out GuidedSearchResult? found) ? found : search.Search(asked);
    }

    private InFlightRow Measure(int callers, int count)
    {
        Send(callers, Math.Max(callers, count / 10), TimeSpan.Zero);
        DeviceFigures before = device?.Figures ?? default;
        DateTimeOffset begun = TimeProvider.System.GetUtcNow();
        long start = Stopwatch.GetTimestamp();
        (double[] milliseconds, long scorings) = Send(callers, Math.Max(2 * callers, count), TimeOfRow);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        DeviceFigures? done = device?.Figures.Since(before);
        var latencies = Latencies.Of(milliseconds);
        double rate = scorings / seconds;
        return new InFlightRow(
            callers, milliseconds.Length / seconds, latencies.P50Ms, latencies.P99Ms, rate, rate * Cost.Flops * 1e-9,
            rate * Cost.Bytes * 1e-9,
            done is { Batches: > 0 } figures ? (double)figures.Requests / figures.Batches : null,
            done is { Scorings: > 0 } all ? (double)all.Places / all.Scorings : null, begun, TimeProvider.System.GetUtcNow());
    }

    /// <summary>Sends so many requests at least, and for so long.</summary>
    private (double[] Milliseconds, long Scorings) Send(int callers, int count, TimeSpan least)
    {
        var times = new List<double>[callers];
        long scorings = 0, begun = Stopwatch.GetTimestamp();
        int next = -1;
        Thread[] threads =
        [
            .. Enumerable.Range(0, callers).Select(caller => new Thread(() =>
            {
                List<double> own = times[caller] = [];
                for (int i = Interlocked.Increment(ref next);
                    i < count || Stopwatch.GetElapsedTime(begun) < least;
                    i = Interlocked.Increment(ref next))
                {
                    long start = Stopwatch.GetTimestamp();
                    GuidedSearchResult found = Find(requests[i % requests.Count]);
                    own.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    Interlocked.Add(ref scorings, found.Statistics.Scorings);
                }
            })),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return ([.. times.SelectMany(own => own)], scorings);
    }
}
