using System.Diagnostics;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// One target's run, in a thread of its own while a watchdog looks on. A thread cannot be ended from outside: one that hangs is left
/// behind, in the background, and its target gets no further input.
/// </summary>
internal sealed class FuzzLane(IFuzzTarget target, SeededRandom random, long count)
{
    private const int MostFailures = 100;
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(5), Hung = TimeSpan.FromSeconds(60),
        Look = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly List<FuzzFailure> _failures = [];
    private long _inputs, _accepted, _failed, _begunAt = Stopwatch.GetTimestamp();
    private TimeSpan _slowest;
    private byte[] _input = [];
    private bool _isOver;

    /// <summary>What went wrong; complete once the run is over.</summary>
    public IReadOnlyList<FuzzFailure> Failures => _failures;

    /// <summary>Runs all inputs, or until one hangs.</summary>
    public FuzzRow Run(Action<double> progress, CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        using var done = new ManualResetEventSlim();
        new Thread(() => Feed(done, cancellation)) { IsBackground = true, Name = $"fuzz {target.Name}" }.Start();
        while (!done.Wait(Look, CancellationToken.None))
        {
            lock (_lock)
            {
                if (Stopwatch.GetElapsedTime(_begunAt) > Hung)
                {
                    _isOver = true;
                    Note($"It hangs: there was no end to it within {Hung.TotalSeconds} s.");
                    break;
                }
                progress((double)_inputs / count);
            }
        }
        double seconds = Math.Max(1e-9, Stopwatch.GetElapsedTime(begin).TotalSeconds);
        lock (_lock)
            return new FuzzRow(target.Name, _inputs, _accepted, _failed, _slowest.TotalMilliseconds, _inputs / seconds);
    }

    private void Feed(ManualResetEventSlim done, CancellationToken cancellation)
    {
        for (long number = 0; number < count && !cancellation.IsCancellationRequested; number++)
        {
            byte[] input = target.Next(random.Split((ulong)number));
            lock (_lock)
                (_input, _begunAt) = (input, Stopwatch.GetTimestamp());
            (bool accepted, string? problem) = Try(input);
            lock (_lock)
            {
                // The run has ended without this one.
                if (_isOver)
                    return;
                Count(accepted, problem);
            }
        }
        done.Set();
    }

    private (bool Accepted, string? Problem) Try(byte[] input)
    {
        try
        {
            return (target.Accepts(input), null);
        }
        // Whatever it is, it is what is being looked for.
        catch (Exception e)
        {
            return (false, e.ToString());
        }
    }

    private void Count(bool accepted, string? problem)
    {
        TimeSpan took = Stopwatch.GetElapsedTime(_begunAt);
        _slowest = took > _slowest ? took : _slowest;
        if (took > TooLong)
            problem ??= $"It took {took.TotalSeconds:F1} s.";
        if (problem is not null)
            Note(problem);
        _accepted += accepted ? 1 : 0;
        _inputs++;
    }

    private void Note(string problem)
    {
        _failed++;
        if (_failures.Count < MostFailures)
            _failures.Add(new FuzzFailure(target.Name, _inputs, problem, Convert.ToBase64String(_input)));
    }
}
