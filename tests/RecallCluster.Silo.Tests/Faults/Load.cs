using System.Collections.Concurrent;
using System.Diagnostics;
using RecallCluster.Client;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>What became of a request.</summary>
internal enum AskedOutcome
{
    /// <summary>At least one ad, within the deadline, from enough of the shards.</summary>
    Answered,

    /// <summary>An answer without an ad.</summary>
    NoAd,

    /// <summary>An answer of too few shards.</summary>
    LowCoverage,

    /// <summary>No answer within the deadline, or none that a client can use.</summary>
    Late,

    /// <summary>No answer, and no door was up.</summary>
    NoDoor,
}

/// <summary>One request.</summary>
/// <param name="At">When it was due, seconds of the load's life.</param>
/// <param name="Took">Seconds until its outcome.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Coverage">Share of the ads that it was answered from.</param>
/// <param name="Reason">Why there is no ad, or why the last door that was asked refused, where it says so.</param>
internal readonly record struct Asked(double At, double Took, AskedOutcome Outcome, double Coverage, string? Reason);

/// <summary>
/// Asks for ads by the clock, whether or not earlier requests are answered. A request that a door does not answer soon goes on to another
/// one, as long as its deadline lasts.
/// </summary>
internal sealed class Load(Doors doors, EventBooks books, double rate)
{
    private const double LeastCoverage = (FaultMarket.Shards - 1.0) / FaultMarket.Shards - 0.01;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1), Attempt = TimeSpan.FromMilliseconds(400);
    // What exchanges usually give; an attempt leaves it some time for the way.
    private static readonly TimeSpan OfGateway = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5), Pause = TimeSpan.FromMilliseconds(25);

    private readonly ConcurrentQueue<Asked> _asked = new();
    private readonly long _began = Stopwatch.GetTimestamp();
    private int _sent;

    /// <summary>Seconds of its life so far.</summary>
    public double Now => Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <summary>Requests sent so far.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>Requests with an outcome, in the order of the outcomes.</summary>
    public IReadOnlyCollection<Asked> Requests => _asked;

    /// <summary>Asks until it is told to stop, and waits for the last outcome.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var open = new List<Task>();
        using var tick = new PeriodicTimer(Tick);
        while (!stop.IsCancellationRequested)
        {
            for (int due = (int)(Now * rate); _sent < due; _sent++)
                open.Add(AskAsync(_sent, _sent / rate));
            open.RemoveAll(task => task.IsCompletedSuccessfully);
            await tick.WaitForNextTickAsync(CancellationToken.None);
        }
        await Task.WhenAll(open);
    }

    private async Task AskAsync(int number, double at)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var request = new AdsRequest
        {
            User = new AdsUser { Id = FaultMarket.UserOf(number) },
            Slots = [new AdsSlot { Id = "s" }],
            DeadlineMs = OfGateway.TotalMilliseconds,
        };
        Doors.Door? last = null;
        Answered? outcome = null;
        string? trouble = null;
        while (outcome is null && !deadline.IsCancellationRequested)
        {
            last = doors.Next(last);
            try
            {
                outcome = await TryAsync(last, request, deadline.Token);
            }
            catch (RecallException e) when (e.IsTransient)
            {
                trouble = e.Message;
            }
            // Another door may be up at once; the same one may need a moment.
            if (outcome is null)
                await Task.Delay(Pause, deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        (AskedOutcome what, double coverage, string? reason) =
            outcome ?? new Answered(doors.IsAnyUp ? AskedOutcome.Late : AskedOutcome.NoDoor, 0, trouble);
        double took = Now - at;
        if (what == AskedOutcome.Answered && took > Deadline.TotalSeconds)
            what = AskedOutcome.Late;
        _asked.Enqueue(new Asked(at, took, what, coverage, reason));
    }

    /// <returns>What became of it; null where another door may be asked.</returns>
    /// <exception cref="RecallException">The door refused.</exception>
    private async Task<Answered?> TryAsync(Doors.Door door, AdsRequest request, CancellationToken deadline)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        attempt.CancelAfter(Attempt);
        try
        {
            AdsAnswer answer = await door.Client.AdsAsync(request, attempt.Token);
            foreach (AdsPlaced ad in answer.Ads)
                books.Show(ad);
            return new Answered(
                answer.Ads.Count == 0 ? AskedOutcome.NoAd
                    : answer.Coverage < LeastCoverage ? AskedOutcome.LowCoverage : AskedOutcome.Answered,
                answer.Coverage, answer.NoAd);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or OperationCanceledException)
        {
            door.IsUp = false;
            return null;
        }
    }

    private readonly record struct Answered(AskedOutcome What, double Coverage, string? Reason);
}
