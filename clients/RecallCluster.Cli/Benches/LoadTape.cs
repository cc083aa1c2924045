using System.Diagnostics;
using System.Net;

namespace RecallCluster.Cli.Benches;

/// <summary>Results by request: a latency above 0 was accepted, below 0 rejected, NaN failed.</summary>
internal sealed class LoadTape(int capacity)
{
    private readonly float[] _milliseconds = new float[capacity];
    private readonly float[] _lags = new float[capacity];
    private string? _firstError;

    /// <summary>Notes how long after it was due a request leaves.</summary>
    public void NoteLag(int request, long due) => _lags[request] = (float)Math.Max(0, Stopwatch.GetElapsedTime(due).TotalMilliseconds);

    /// <summary>Notes an answer.</summary>
    public void Note(int request, long due, int status)
    {
        float latency = (float)Math.Max(1e-3, Stopwatch.GetElapsedTime(due).TotalMilliseconds);
        switch ((HttpStatusCode)status)
        {
            case HttpStatusCode.OK or HttpStatusCode.NoContent:
                _milliseconds[request] = latency;
                break;
            case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests:
                _milliseconds[request] = -latency;
                break;
            default:
                NoteFailure(request, $"{status} {(HttpStatusCode)status}");
                break;
        }
    }

    /// <summary>Notes that there was no answer.</summary>
    public void NoteFailure(int request, string error)
    {
        _milliseconds[request] = float.NaN;
        _firstError ??= error;
    }

    /// <summary>What came of the first requests.</summary>
    public LoadRun ToRun(int sent, double seconds)
    {
        float[] all = _milliseconds[..sent];
        double[] accepted = [.. all.Where(m => m > 0).Select(m => (double)m).Order()];
        double[] rejected = [.. all.Where(m => m < 0).Select(m => (double)-m).Order()];
        double[] lags = [.. _lags[..sent].Select(lag => (double)lag).Order()];

        // Little's law: requests under way are their rate times how long each was.
        double inFlight = (accepted.Sum() + rejected.Sum()) / 1000 / seconds;
        return new LoadRun(sent, seconds, inFlight, accepted, rejected, lags, all.Count(float.IsNaN), _firstError);
    }
}
