using System.Diagnostics;
using System.Net.Sockets;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// Sends one kind of request to a front door. In an open loop requests leave by the clock, whether or not earlier ones are answered,
/// and latency
/// counts from the moment at which a request was due: a door that stalls is charged for all that waited meanwhile (no coordinated
/// omission).
/// In a closed loop each of so many callers sends its next request when its last is answered, which finds a door's capacity.
/// One thread does all of it, so that a load on the door's own processors takes little of them.
/// </summary>
internal sealed class HttpLoadGenerator : IDisposable
{
    // Beyond these a request waits for a connection, at the door's expense: it is slow, or it would have answered.
    private const int MostInFlight = 512;
    private const int MostRequests = 2_000_000;

    // The system's clock of waits has a grain of a millisecond: what is due within half of it leaves at once.
    private static readonly long Grain = Stopwatch.Frequency / 2000;

    private readonly LoadDoor[] _doors;
    private readonly Dictionary<Socket, LoadConnection> _busy = [];
    private readonly List<Socket> _ready = [];

    /// <summary>A load on one door.</summary>
    public HttpLoadGenerator(Uri door, string route, IReadOnlyList<byte[]> bodies)
        : this([door], route, bodies)
    {
    }

    /// <summary>A load on several doors, which requests go to one after the other.</summary>
    public HttpLoadGenerator(IEnumerable<Uri> doors, string route, IReadOnlyList<byte[]> bodies) =>
        _doors = [.. doors.Select(door => new LoadDoor(new Uri(door, route), bodies))];

    /// <summary>So many requests a second for a while, evenly spaced.</summary>
    public Task<LoadRun> RunOpenAsync(double perSecond, TimeSpan duration, IProgress<double>? progress, CancellationToken cancellation) =>
        OnOwnThread(() => RunOpen(perSecond, duration, progress, cancellation), cancellation);

    /// <summary>So many callers for a while.</summary>
    public Task<LoadRun> RunClosedAsync(int callers, TimeSpan duration, CancellationToken cancellation) =>
        OnOwnThread(() => RunClosed(callers, duration, cancellation), cancellation);

    /// <summary>Sends a request and gives its answer's body; null where there is none.</summary>
    public byte[]? Ask(int request)
    {
        LoadDoor door = DoorOf(request);
        LoadConnection connection = door.Idle();
        connection.Send(request, 0, door.RequestOf(request));
        LoadAnswer? answer = connection.Receive();
        while (answer is null)
            answer = connection.Receive();
        door.Return(connection);
        return answer is { Status: 200, Body: var body } ? body.ToArray() : null;
    }

    public void Dispose()
    {
        foreach (LoadConnection connection in _busy.Values)
            connection.Dispose();
        Array.ForEach(_doors, door => door.Dispose());
    }

    private static Task<LoadRun> OnOwnThread(Func<LoadRun> run, CancellationToken cancellation) =>
        Task.Factory.StartNew(run, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private LoadRun RunOpen(double perSecond, TimeSpan duration, IProgress<double>? progress, CancellationToken cancellation)
    {
        int count = Math.Max(1, (int)(perSecond * duration.TotalSeconds));
        var tape = new LoadTape(count);
        long start = Stopwatch.GetTimestamp();
        int next = 0;
        bool isHeld = false;
        while (next < count || _busy.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            long now = Stopwatch.GetTimestamp();
            for (; next < count && DueOf(next) <= now + Grain && _busy.Count < MostInFlight; next++)
            {
                // One that leaves early by the grain is not answered before it was due.
                long due = Math.Min(DueOf(next), Stopwatch.GetTimestamp());
                // Waiting for a connection is the door's doing, not the load's.
                if (!isHeld)
                    tape.NoteLag(next, due);
                isHeld = false;
                Send(next, due, tape);
                if ((next & 255) == 0)
                    progress?.Report((double)next / count);
            }
            isHeld = next < count && _busy.Count >= MostInFlight;
            Receive(tape, next < count && !isHeld ? DueOf(next) : null, _ => { }, cancellation);
        }
        return tape.ToRun(count, Stopwatch.GetElapsedTime(start).TotalSeconds);

        long DueOf(int request) => start + (long)(request / perSecond * Stopwatch.Frequency);
    }

    private LoadRun RunClosed(int callers, TimeSpan duration, CancellationToken cancellation)
    {
        var tape = new LoadTape(MostRequests);
        int sent = 0;
        long start = Stopwatch.GetTimestamp();
        for (int caller = 0; caller < callers; caller++)
            Send(sent++, Stopwatch.GetTimestamp(), tape);
        while (_busy.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            Receive(tape, null, SendNext, cancellation);
        }
        return tape.ToRun(sent, Stopwatch.GetElapsedTime(start).TotalSeconds);

        void SendNext(int answered)
        {
            if (sent < MostRequests && Stopwatch.GetElapsedTime(start) < duration)
                Send(sent++, Stopwatch.GetTimestamp(), tape);
        }
    }

    private LoadDoor DoorOf(int request) => _doors[request % _doors.Length];

    private void Send(int request, long due, LoadTape tape)
    {
        LoadDoor door = DoorOf(request);
        LoadConnection connection = door.Idle();
        try
        {
            connection.Send(request, due, door.RequestOf(request));
            _busy.Add(connection.Socket, connection);
        }
        catch (SocketException e)
        {
            GiveUp(connection, request, e.Message, tape);
        }
    }

    /// <summary>Takes the answers that are there, or waits until one comes or something is due.</summary>
    private void Receive(LoadTape tape, long? due, Action<int> answered, CancellationToken cancellation)
    {
        int wait = due is { } at ? (int)Math.Max(0, Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), at).TotalMilliseconds + 0.5) : -1;
        if (_busy.Count == 0)
        {
            cancellation.WaitHandle.WaitOne(Math.Max(0, wait));
            return;
        }
        _ready.Clear();
        _ready.AddRange(_busy.Keys);
        Socket.Select(_ready, null, null, wait < 0 ? -1 : wait * 1000);
        foreach (Socket socket in _ready)
        {
            LoadConnection connection = _busy[socket];
            int request = connection.Request;
            try
            {
                if (connection.Receive() is not { } answer)
                    continue;
                tape.Note(request, connection.Due, answer.Status);
                _busy.Remove(socket);
                DoorOf(request).Return(connection);
            }
            catch (Exception e) when (e is SocketException or InvalidDataException)
            {
                _busy.Remove(socket);
                GiveUp(connection, request, e.Message, tape);
            }
            answered(request);
        }
    }

    private void GiveUp(LoadConnection connection, int request, string error, LoadTape tape)
    {
        connection.Close();
        DoorOf(request).Return(connection);
        tape.NoteFailure(request, error);
    }
}
