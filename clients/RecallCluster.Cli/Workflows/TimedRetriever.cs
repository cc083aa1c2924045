using System.Diagnostics;
using RecallCluster.Learning.Evaluation;

namespace RecallCluster.Cli.Workflows;

/// <summary>Notes how long each retrieval of another retriever takes.</summary>
internal sealed class TimedRetriever(IRetriever inner) : IRetriever
{
    private long _ticks;
    private int _calls;

    /// <summary>Mean time of a retrieval, in milliseconds.</summary>
    public double MeanMilliseconds => TimeSpan.FromSeconds((double)_ticks / Stopwatch.Frequency).TotalMilliseconds / Math.Max(1, _calls);

    public object NewWorkspace() => inner.NewWorkspace();

    public (int Found, int Scorings) Retrieve(
        ReadOnlySpan<float> userState, ReadOnlySpan<int> behaviour, object workspace, Span<int> ordinals)
    {
        long start = Stopwatch.GetTimestamp();
        (int, int) result = inner.Retrieve(userState, behaviour, workspace, ordinals);
        Interlocked.Add(ref _ticks, Stopwatch.GetTimestamp() - start);
        Interlocked.Increment(ref _calls);
        return result;
    }
}
