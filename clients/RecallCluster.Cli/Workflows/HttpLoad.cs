using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using RecallCluster.Cli.Reports;

namespace RecallCluster.Cli.Workflows;

/// <summary>What a load of HTTP requests met.</summary>
/// <param name="Requests">Requests sent.</param>
/// <param name="Errors">
/// Requests that failed, were not answered with 200, or came back with fewer ads than wanted or a partial answer.
/// </param>
/// <param name="Seconds">From the first request to the last answer.</param>
/// <param name="Latencies">Times of the requests that were answered.</param>
/// <param name="FirstError">The first thing that went wrong, or null.</param>
internal sealed record HttpLoadReport(int Requests, int Errors, double Seconds, Latencies Latencies, string? FirstError)
{
    public double RequestsPerSecond => Requests / Seconds;
}

/// <summary>
/// Sends requests to a front door from several connections at once; each connection sends its next request when its last one is answered.
/// Answers are checked, not only counted.
/// </summary>
internal sealed class HttpLoad(Uri door, IReadOnlyList<byte[]> bodies, int wantedAds)
{
    private readonly Uri _ads = new(door, "v1/candidates");
    private readonly Lock _lock = new();
    private string? _firstError;

    /// <summary>Sends every body once.</summary>
    public async Task<HttpLoadReport> RunAsync(int connections, IProgress<double>? progress, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false };
        using var client = new HttpClient(handler);
        var milliseconds = new double[bodies.Count];
        int next = -1, errors = 0;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(SendAsync, cancellation))).ConfigureAwait(false);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new HttpLoadReport(bodies.Count, errors, seconds, Latencies.Of([.. milliseconds.Where(m => m > 0)]), _firstError);

        async Task SendAsync()
        {
            for (int request = Interlocked.Increment(ref next); request < bodies.Count; request = Interlocked.Increment(ref next))
            {
                long sent = Stopwatch.GetTimestamp();
                string? error = await TrySendAsync(client, bodies[request], cancellation).ConfigureAwait(false);
                if (error is null)
                    milliseconds[request] = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
                else
                    CountError(ref errors, error);
                progress?.Report((request + 1.0) / bodies.Count);
            }
        }
    }

    private void CountError(ref int errors, string error)
    {
        Interlocked.Increment(ref errors);
        lock (_lock)
            _firstError ??= error;
    }

    /// <summary>What is wrong with the answer, or null.</summary>
    private async Task<string?> TrySendAsync(HttpClient client, byte[] body, CancellationToken cancellation)
    {
        try
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage response = await client.PostAsync(_ads, content, cancellation).ConfigureAwait(false);
            byte[] answer = await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK
                ? Check(answer)
                : $"{(int)response.StatusCode}: {System.Text.Encoding.UTF8.GetString(answer)}";
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }

    private string? Check(byte[] answer)
    {
        using var document = JsonDocument.Parse(answer);
        int ads = document.RootElement.GetProperty("ads").GetArrayLength();
        double coverage = document.RootElement.GetProperty("coverage").GetDouble();
        return ads == wantedAds && coverage == 1 ? null : $"{ads} ads of {wantedAds}, coverage {coverage}";
    }
}
