using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace RecallCluster.Numerics;

/// <summary>Work that falls into numbered parts which may run at the same time.</summary>
public interface IParallelJob
{
    /// <summary>Does part number <paramref name="part"/>; called once for each, on any thread.</summary>
    void Run(int part);
}

/// <summary>
/// A fork-join team of persistent threads for parallel sections of tens of microseconds and more. The caller takes part; parts are
/// handed out one by one; idle workers spin for a moment (the next section usually follows soon) and then block. A section never waits
/// for a worker that has not begun on it. Running a section allocates nothing.
/// </summary>
/// <remarks>
/// Any number of threads may call <see cref="Run{TJob}"/> at once: the first has the team, the others do their parts by themselves
/// rather than queue. The same holds for a section inside a section.
/// </remarks>
public sealed unsafe class WorkerTeam : IDisposable
{
    private const int Open = 1 << 30;

    private readonly Thread[] _threads;
    private readonly object _sleep = new();
    private readonly long _spinTicks;

    // The section in progress. Written by the caller that owns the team, before it opens the gate.
    private delegate*<void*, int, void> _invoke;
    private void* _job;
    private int _parts;
    private ExceptionDispatchInfo? _failure;

    private int _owned;
    private int _sleepers;
    private volatile bool _stopped;
    private Counters _counters;

    /// <summary>A team of <paramref name="size"/> threads, the caller included; size 1 has no threads and runs everything inline.</summary>
    /// <param name="size">Number of threads that work on a section.</param>
    /// <param name="spin">How long an idle worker spins before it blocks; 50 microseconds unless told.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="size"/> is not positive, or <paramref name="spin"/> negative.
    /// </exception>
    public WorkerTeam(int size, TimeSpan? spin = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        TimeSpan wanted = spin ?? TimeSpan.FromMicroseconds(50);
        ArgumentOutOfRangeException.ThrowIfLessThan(wanted, TimeSpan.Zero, nameof(spin));
        _spinTicks = (long)(wanted.TotalSeconds * Stopwatch.Frequency);
        Size = size;
        _threads = new Thread[size - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(WorkerLoop) { IsBackground = true, Name = $"worker {i + 1} of {size}" };
            _threads[i].Start();
        }
    }

    /// <summary>Number of threads that work on a section, the caller included.</summary>
    public int Size { get; }

    /// <summary>
    /// The part of [0, <paramref name="length"/>) that belongs to <paramref name="part"/> of <paramref name="parts"/>: even shares whose
    /// starts are multiples of <paramref name="granularity"/>. A late part may be empty.
    /// </summary>
    public static (int Start, int End) Slice(int length, int part, int parts, int granularity = 1)
    {
        long units = ((long)length + granularity - 1) / granularity;
        long start = units * part / parts * granularity;
        long end = units * (part + 1) / parts * granularity;
        return ((int)Math.Min(start, length), (int)Math.Min(end, length));
    }

    /// <summary>Runs parts 0 to <paramref name="parts"/> - 1 of <paramref name="job"/> and returns when all are done.</summary>
    /// <remarks>
    /// When a part throws, parts not yet begun are dropped and the first exception is thrown here, after the others ended.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parts"/> is negative.</exception>
    /// <exception cref="ObjectDisposedException">The team was disposed.</exception>
    public void Run<TJob>(int parts, TJob job)
        where TJob : struct, IParallelJob
    {
        ArgumentOutOfRangeException.ThrowIfNegative(parts);
        ObjectDisposedException.ThrowIf(_stopped, this);
        if (parts <= 1 || Size == 1 || Interlocked.CompareExchange(ref _owned, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++)
                job.Run(part);
            return;
        }

        // The job stays in this frame, whose slots the garbage collector keeps up to date, until every worker has left the section.
        _job = Unsafe.AsPointer(ref job);
        _invoke = &Invoke<TJob>;
        _parts = parts;
        _failure = null;
        Volatile.Write(ref _counters.Next, 0);
        Volatile.Write(ref _counters.Gate, Open);
        Interlocked.Increment(ref _counters.Generation);
        if (Volatile.Read(ref _sleepers) > 0)
            WakeSleepers();

        WorkOnParts();

        Interlocked.And(ref _counters.Gate, ~Open);
        SpinWait wait = default;
        while (Volatile.Read(ref _counters.Gate) != 0)
            wait.SpinOnce(sleep1Threshold: -1);
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        _job = null;
        Volatile.Write(ref _owned, 0);
        failure?.Throw();
    }

    /// <summary>
    /// Runs <paramref name="body"/> for each part number; the same as the other overload where a closure may be allocated.
    /// </summary>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    public void Run(int parts, Action<int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Run(parts, new DelegateJob(body));
    }

    /// <summary>Stops the threads, after the section in progress.</summary>
    public void Dispose()
    {
        if (_stopped)
            return;
        SpinWait wait = default;
        while (Interlocked.CompareExchange(ref _owned, 1, 0) != 0)
            wait.SpinOnce();
        _stopped = true;
        Interlocked.Increment(ref _counters.Generation);
        WakeSleepers();
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private static void Invoke<TJob>(void* job, int part)
        where TJob : struct, IParallelJob => Unsafe.AsRef<TJob>(job).Run(part);

    private void WorkerLoop()
    {
        int seen = 0;
        while (true)
        {
            seen = AwaitGeneration(seen);
            if (_stopped)
                return;
            if (TryEnter())
            {
                WorkOnParts();
                Interlocked.Decrement(ref _counters.Gate);
            }
        }
    }

    private bool TryEnter()
    {
        while (true)
        {
            int gate = Volatile.Read(ref _counters.Gate);
            if ((gate & Open) == 0)
                return false;
            if (Interlocked.CompareExchange(ref _counters.Gate, gate + 1, gate) == gate)
                return true;
        }
    }

    private void WorkOnParts()
    {
        while (true)
        {
            int part = Interlocked.Increment(ref _counters.Next) - 1;
            if (part >= _parts)
                return;
            try
            {
                _invoke(_job, part);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
                Volatile.Write(ref _counters.Next, _parts);
            }
        }
    }

    private int AwaitGeneration(int seen)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetTimestamp() - start < _spinTicks)
        {
            int generation = Volatile.Read(ref _counters.Generation);
            if (generation != seen)
                return generation;
            Thread.SpinWait(10);
        }
        lock (_sleep)
        {
            // A full fence on both sides: either this thread sees the new generation, or the caller sees a sleeper.
            Interlocked.Increment(ref _sleepers);
            int generation;
            while ((generation = Volatile.Read(ref _counters.Generation)) == seen)
                Monitor.Wait(_sleep);
            Interlocked.Decrement(ref _sleepers);
            return generation;
        }
    }

    private void WakeSleepers()
    {
        lock (_sleep)
        {
            Monitor.PulseAll(_sleep);
        }
    }

    private readonly struct DelegateJob(Action<int> body) : IParallelJob
    {
        public void Run(int part) => body(part);
    }

    // One cache line each (two, as lines are fetched in pairs), so that spinning on one does not slow the others.
    [StructLayout(LayoutKind.Explicit, Size = 512)]
    private struct Counters
    {
        // Number of the part to hand out next.
        [FieldOffset(128)]
        public int Next;

        // The number of workers inside the section, plus Open while more may enter.
        [FieldOffset(256)]
        public int Gate;

        // Grows by one with each section.
        [FieldOffset(384)]
        public int Generation;
    }
}
