using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>
/// Something that a caller waits for while a worker does it. What no worker has begun when its time is over is not done at all.
/// </summary>
internal abstract class Job
{
    private ExceptionDispatchInfo? _failure;
    private State _state;
    private bool _isWaitedFor;

    private enum State
    {
        Waiting,
        Begun,
        Done,
        GivenUp,
    }

    /// <summary>The <see cref="Stopwatch.GetTimestamp"/> until which a worker must have begun it; null for any time.</summary>
    public long? Deadline { get; init; }

    /// <summary>Whether its caller waits, and no worker has begun it.</summary>
    public bool IsWaitedFor
    {
        get
        {
            lock (this)
                return _isWaitedFor && _state == State.Waiting;
        }
    }

    /// <summary>Makes a job that was done one that is to be done.</summary>
    protected void Renew() => (_state, _failure, _isWaitedFor) = (State.Waiting, null, false);

    /// <summary>Takes it on, for a worker.</summary>
    /// <returns>Whether its caller still waits.</returns>
    public bool TryBegin()
    {
        lock (this)
        {
            if (_state == State.GivenUp)
                return false;
            // A caller whose time is over is about to give up.
            if (IsLate(Deadline))
            {
                GiveUp();
                return false;
            }
            _state = State.Begun;
            return true;
        }
    }

    /// <summary>Waits until it is done, or its time is over before a worker began it.</summary>
    /// <returns>Whether it was done.</returns>
    /// <exception cref="Exception">Why it could not be done.</exception>
    public bool Wait()
    {
        lock (this)
        {
            _isWaitedFor = true;
            while (_state is State.Waiting or State.Begun)
            {
                if (_state == State.Begun || Deadline is null)
                    Monitor.Wait(this);
                else if (!IsLate(Deadline))
                    Monitor.Wait(this, TimeLeft(Deadline.Value));
                else
                    GiveUp();
            }
            if (_state == State.GivenUp)
                return false;
        }
        _failure?.Throw();
        return true;
    }

    /// <summary>Lets the caller go on.</summary>
    /// <param name="failure">Why it could not be done; null where it was.</param>
    public void Complete(Exception? failure = null)
    {
        lock (this)
        {
            _failure = failure is null ? null : ExceptionDispatchInfo.Capture(failure);
            _state = State.Done;
            Monitor.PulseAll(this);
        }
    }

    /// <summary>Whether a deadline has passed.</summary>
    public static bool IsLate(long? deadline) => deadline is { } end && Stopwatch.GetTimestamp() >= end;

    /// <summary>How long a thread waits for a deadline at once: a millisecond at least, an hour at most.</summary>
    public static TimeSpan TimeLeft(long deadline)
    {
        double seconds = (deadline - (double)Stopwatch.GetTimestamp()) / Stopwatch.Frequency;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, 1e-3, 3_600));
    }

    private void GiveUp()
    {
        _state = State.GivenUp;
        Monitor.PulseAll(this);
    }
}
