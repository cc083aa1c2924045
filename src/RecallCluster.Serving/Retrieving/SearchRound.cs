using System.Diagnostics;

namespace RecallCluster.Serving;

/// <summary>What became of one shard's part in a request: an answer, or why there is none.</summary>
internal readonly record struct Outcome(ShardAnswer? Answer, string? Failure, long Scorings)
{
    public static Outcome Of(ShardAnswer answer) => new(answer, null, answer.Scorings);

    public static Outcome Failed(string reason) => new(null, reason, 0);

    public static ShardAnswer[] AnswersOf(Outcome[] outcomes) => [.. outcomes.Where(o => o.Answer is not null).Select(o => o.Answer!)];
}

/// <summary>Asks the shards for one request, and waits for them no longer than the request allows.</summary>
internal sealed class SearchRound(RetrieverVersion version, RetrievalRequest request, PreparedUser user, TimeProvider time)
{
    /// <summary>The shards' part of the time; the rest is for what comes after them.</summary>
    private const double ShardShare = 0.9;

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
        // The version knows the scale of its scores; shards are told, so that those of other processes cannot have another.
        ValueRanking.ValueQuery? value = request.Value is { } ranking ? ranking with { Scale = version.Clicks.Scale } : null;
        // Cancelling it tells the shards that nobody waits any more, because the deadline came or because the caller is gone.
        using var nobodyWaits = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<Outcome>[] asked = Array.ConvertAll(shards, shard => AskOneAsync(
            version.Shards[shard].Shard,
            shard,
            new ShardQuery(version.Name, user.State, k(shard))
            {
                MaxScorings = version.ShareOf(request.MaxScorings, shard),
                TimeLeft = left * ShardShare,
                Seeds = user.Behaviour,
                Exclude = request.Exclude,
                Value = value,
            },
            nobodyWaits.Token));
        try
        {
            Task all = Task.WhenAll(asked);
            await (left is { } limit ? all.WaitAsync(limit, time, cancellation) : all.WaitAsync(cancellation)).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What is there now is the answer; AskOneAsync never fails, so a task that is not done is one that is late.
        }
        finally
        {
            await nobodyWaits.CancelAsync().ConfigureAwait(false);
        }
        return Array.ConvertAll(asked, task => task.IsCompleted ? task.Result : Outcome.Failed("no answer before the deadline"));
    }

    /// <summary>One shard's answer, or why there is none: one shard's trouble is not the request's.</summary>
    private static async Task<Outcome> AskOneAsync(IShard shard, int number, ShardQuery query, CancellationToken cancellation)
    {
        using Activity? activity = Telemetry.Source.StartActivity("shard");
        Outcome outcome = await OutcomeOfAsync(shard, query, cancellation).ConfigureAwait(false);
        if (activity is not null)
        {
            activity.SetTag("recall.shard", number).SetTag("recall.scorings", outcome.Scorings);
            if (outcome.Answer is { } answer)
                activity.SetTag("recall.limits", answer.Limits.ToString()).SetTag("recall.ads", answer.Ads.Count);
            else
                activity.SetStatus(ActivityStatusCode.Error, outcome.Failure);
        }
        return outcome;
    }

    private static async Task<Outcome> OutcomeOfAsync(IShard shard, ShardQuery query, CancellationToken cancellation)
    {
        try
        {
            return Outcome.Of(await shard.SearchAsync(query, cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            return Outcome.Failed("no answer before the deadline");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Outcome.Failed(e.Message);
        }
    }
}
