using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// Sends one kind of request to a front door. In an open loop requests leave by the clock, whether or not earlier ones are answered,
/// and latency
/// counts from the moment at which a request was due: a door that stalls is charged for all that waited meanwhile (no coordinated
/// omission).
/// In a closed loop each of so many callers sends its next request when its last is answered, which finds a door's capacity.
/// </summary>
internal sealed class HttpLoadGenerator : IDisposable
{
    private const int MostInFlight = 2048;
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpMessageInvoker _http;
    private readonly Uri _target;
    private readonly IReadOnlyList<byte[]> _bodies;

    public HttpLoadGenerator(Uri door, string route, IReadOnlyList<byte[]> bodies)
    {
        _target = new Uri(door, route);
        _bodies = bodies;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false, UseCookies = false, AllowAutoRedirect = false, MaxConnectionsPerServer = MostInFlight,
        });
    }

    /// <summary>So many requests a second for a while, evenly spaced.</summary>
    public async Task<LoadRun> RunOpenAsync(double perSecond, TimeSpan duration, IProgress<double>? progress, CancellationToken cancellation)
    {
        int count = Math.Max(1, (int)(perSecond * duration.TotalSeconds));
        var tape = new Tape(count);
        using var room = new SemaphoreSlim(MostInFlight);
        var pending = new Task[count];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            long due = start + (long)(i / perSecond * Stopwatch.Frequency);
            TimeSpan early = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);

            // The timer's grain is about a millisecond: what comes due within it leaves at once, and is never early by more.
            if (early > TimeSpan.FromMilliseconds(1))
                await Task.Delay(early, cancellation).ConfigureAwait(false);
            await room.WaitAsync(cancellation).ConfigureAwait(false);
            pending[i] = SendAndReleaseAsync(i, Math.Min(due, Stopwatch.GetTimestamp()), tape, room, cancellation);
            if ((i & 255) == 0)
                progress?.Report((double)i / count);
        }
        await Task.WhenAll(pending).ConfigureAwait(false);
        return tape.ToRun(count, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>So many callers for a while.</summary>
    public async Task<LoadRun> RunClosedAsync(int callers, TimeSpan duration, CancellationToken cancellation)
    {
        const int MostRequests = 2_000_000;
        var tape = new Tape(MostRequests);
        int next = -1;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(
            async () =>
            {
                // Each caller calls once at least, however late it comes to its turn.
                do
                {
                    int request = Interlocked.Increment(ref next);
                    if (request >= MostRequests)
                        break;
                    await SendAsync(request, Stopwatch.GetTimestamp(), tape, cancellation).ConfigureAwait(false);
                }
                while (Stopwatch.GetElapsedTime(start) < duration);
            },
            cancellation))).ConfigureAwait(false);
        return tape.ToRun(Math.Min(next + 1, MostRequests), Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Sends a request and gives its answer's body; null where there is none.</summary>
    public async Task<byte[]?> AskAsync(int request, CancellationToken cancellation)
    {
        using HttpRequestMessage message = Message(request);
        using HttpResponseMessage response = await _http.SendAsync(message, cancellation).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false) : null;
    }

    public void Dispose() => _http.Dispose();

    private async Task SendAndReleaseAsync(int request, long due, Tape tape, SemaphoreSlim room, CancellationToken cancellation)
    {
        await SendAsync(request, due, tape, cancellation).ConfigureAwait(false);
        room.Release();
    }

    private async Task SendAsync(int request, long due, Tape tape, CancellationToken cancellation)
    {
        try
        {
            using HttpRequestMessage message = Message(request);
            using HttpResponseMessage response = await _http.SendAsync(message, cancellation).ConfigureAwait(false);
            await response.Content.CopyToAsync(Stream.Null, cancellation).ConfigureAwait(false);
            tape.Note(request, due, response.StatusCode);
        }
        catch (HttpRequestException e)
        {
            tape.NoteFailure(request, e.Message);
        }
    }

    private HttpRequestMessage Message(int request)
    {
        var content = new ByteArrayContent(_bodies[request % _bodies.Count]);
        content.Headers.ContentType = Json;
        return new HttpRequestMessage(HttpMethod.Post, _target) { Content = content };
    }

    /// <summary>Results by request: a latency above 0 was accepted, below 0 rejected, NaN failed.</summary>
    private sealed class Tape(int capacity)
    {
        private readonly float[] _milliseconds = new float[capacity];
        private string? _firstError;

        public void Note(int request, long due, HttpStatusCode status)
        {
            float latency = (float)Math.Max(1e-3, Stopwatch.GetElapsedTime(due).TotalMilliseconds);
            switch (status)
            {
                case HttpStatusCode.OK or HttpStatusCode.NoContent:
                    _milliseconds[request] = latency;
                    break;
                case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests:
                    _milliseconds[request] = -latency;
                    break;
                default:
                    NoteFailure(request, $"{(int)status} {status}");
                    break;
            }
        }

        public void NoteFailure(int request, string error)
        {
            _milliseconds[request] = float.NaN;
            Interlocked.CompareExchange(ref _firstError, error, null);
        }

        public LoadRun ToRun(int sent, double seconds)
        {
            float[] all = _milliseconds[..sent];
            double[] accepted = [.. all.Where(m => m > 0).Select(m => (double)m).Order()];
            double[] rejected = [.. all.Where(m => m < 0).Select(m => (double)-m).Order()];

            // Little's law: requests under way are their rate times how long each was.
            double inFlight = (accepted.Sum() + rejected.Sum()) / 1000 / seconds;
            return new LoadRun(sent, seconds, inFlight, accepted, rejected, all.Count(float.IsNaN), _firstError);
        }
    }
}
