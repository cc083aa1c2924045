using System.Diagnostics;

namespace RecallCluster.Serving;

/// <summary>What became of one shard's part in a request: an answer, or why there is none.</summary>
internal sealed record Outcome(ShardAnswer? Answer, string? Failure, long Scorings)
{
    public static Outcome Late { get; } = Failed("no answer before the deadline");

    public static Outcome Of(ShardAnswer answer) => new(answer, null, answer.Scorings);

    public static Outcome Failed(string reason) => new(null, reason, 0);

    public static ShardAnswer[] AnswersOf(Outcome[] outcomes) => [.. outcomes.Where(o => o.Answer is not null).Select(o => o.Answer!)];
}

/// <summary>
/// Asks the shards for one request, and waits for them no longer than the request allows: those of other processes first, which then
/// search while this process searches its own.
/// </summary>
internal sealed class SearchRound(
    RetrieverVersion version, RetrievalRequest request, PreparedUser user, SearchLanes lanes, TimeProvider time)
{
    /// <summary>The shards' part of the time; the rest is for what comes after them.</summary>
    private const double ShardShare = 0.9;

    // The version knows the scale of its scores; shards are told, so that those of other processes cannot have another.
    private readonly ValueRanking.ValueQuery? _value =
        request.Value is { } ranking ? ranking with { Scale = version.Clicks.Scale } : null;

    /// <summary>Asks every shard for its part of the K best.</summary>
    /// <param name="left">Time left; null for no limit.</param>
    /// <param name="cancellation">The caller gave up.</param>
    public Task<Outcome[]> AskAllAsync(TimeSpan? left, CancellationToken cancellation) =>
        AskAsync([.. Enumerable.Range(0, version.Shards.Count)], shard => version.QuotaOf(request, shard), left, cancellation);

    /// <summary>Asks some shards for K ads each, because their parts were not enough; where they fail now, their parts stay.</summary>
    public async Task AskAgainAsync(Outcome[] outcomes, int[] shards, TimeSpan? left, CancellationToken cancellation)
    {
        Outcome[] again = await AskAsync(shards, _ => request.K, left, cancellation).ConfigureAwait(false);
        foreach ((int i, int shard) in shards.Index())
        {
            if (again[i].Answer is { } answer)
                outcomes[shard] = new Outcome(answer, null, outcomes[shard].Scorings + answer.Scorings);
        }
    }

    private async Task<Outcome[]> AskAsync(int[] shards, Func<int, int> k, TimeSpan? left, CancellationToken cancellation)
    {
        if (left <= TimeSpan.Zero)
            return Array.ConvertAll(shards, _ => Outcome.Failed("the deadline passed before the shard could be asked"));
        long start = time.GetTimestamp();
        int[] here = Array.FindAll(shards, shard => version.Shards[shard].Shard is IInProcessShard);
        int[] elsewhere = here.Length == shards.Length ? [] : Array.FindAll(shards, shard => Array.IndexOf(here, shard) < 0);
        // Cancelling it tells the shards that nobody waits any more, because the deadline came or because the caller is gone.
        using CancellationTokenSource? nobodyWaits =
            elsewhere.Length > 0 ? CancellationTokenSource.CreateLinkedTokenSource(cancellation) : null;
        Task<Outcome>[] asked = Array.ConvertAll(
            elsewhere, shard => AskOneAsync(shard, QueryOf(shard, k(shard), left * ShardShare), nobodyWaits!.Token));
        LocalSearches? searches = here.Length == 0 ? null : new LocalSearches(here.Length, (place, part) => SearchHere(
            here[place], k(here[place]), (left * ShardShare - time.GetElapsedTime(start)) * part, cancellation));
        try
        {
            Task local = searches?.Run(lanes) ?? Task.CompletedTask;
            Task all = asked.Length == 0 ? local : Task.WhenAll([local, .. asked]);
            if (!all.IsCompleted)
            {
                await (left is { } limit ? all.WaitAsync(LeftOf(limit, start), time, cancellation) : all.WaitAsync(cancellation))
                    .ConfigureAwait(false);
            }
        }
        catch (TimeoutException)
        {
            // What is there now is the answer; no search fails, so one that is not done is one that is late.
        }
        finally
        {
            if (nobodyWaits is not null)
                await nobodyWaits.CancelAsync().ConfigureAwait(false);
        }
        cancellation.ThrowIfCancellationRequested();
        return Array.ConvertAll(shards, shard => Array.IndexOf(here, shard) is var place and >= 0
            ? searches!.OutcomeOf(place) ?? Outcome.Late
            : asked[Array.IndexOf(elsewhere, shard)] is { IsCompleted: true } answered ? answered.Result : Outcome.Late);
    }

    private TimeSpan LeftOf(TimeSpan limit, long start) =>
        limit - time.GetElapsedTime(start) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private ShardQuery QueryOf(int shard, int k, TimeSpan? left) => new(version.Name, user.State, k)
    {
        MaxScorings = version.ShareOf(request.MaxScorings, shard),
        TimeLeft = left,
        Seeds = user.Behaviour,
        Exclude = request.Exclude,
        Value = _value,
    };

    /// <summary>One shard's answer from this thread, or why there is none.</summary>
    private Outcome SearchHere(int shard, int k, TimeSpan? left, CancellationToken cancellation)
    {
        if (left <= TimeSpan.Zero || cancellation.IsCancellationRequested)
            return Outcome.Late;
        using Activity? activity = Telemetry.Source.StartActivity("shard");
        Outcome outcome;
        try
        {
            outcome = Outcome.Of(((IInProcessShard)version.Shards[shard].Shard).Search(QueryOf(shard, k, left)));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            outcome = Outcome.Failed(e.Message);
        }
        Tell(activity, shard, outcome);
        return outcome;
    }

    /// <summary>One shard's answer, or why there is none: one shard's trouble is not the request's.</summary>
    private async Task<Outcome> AskOneAsync(int shard, ShardQuery query, CancellationToken cancellation)
    {
        using Activity? activity = Telemetry.Source.StartActivity("shard");
        Outcome outcome = await OutcomeOfAsync(version.Shards[shard].Shard, query, cancellation).ConfigureAwait(false);
        Tell(activity, shard, outcome);
        return outcome;
    }

    private static void Tell(Activity? activity, int shard, Outcome outcome)
    {
        if (activity is null)
            return;
        activity.SetTag("recall.shard", shard).SetTag("recall.scorings", outcome.Scorings);
        if (outcome.Answer is { } answer)
            activity.SetTag("recall.limits", answer.Limits.ToString()).SetTag("recall.ads", answer.Ads.Count);
        else
            activity.SetStatus(ActivityStatusCode.Error, outcome.Failure);
    }

    private static async Task<Outcome> OutcomeOfAsync(IShard shard, ShardQuery query, CancellationToken cancellation)
    {
        try
        {
            return Outcome.Of(await shard.SearchAsync(query, cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            return Outcome.Late;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Outcome.Failed(e.Message);
        }
    }
}
