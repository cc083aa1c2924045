using RecallCluster.Retrieval.Versions;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Live;

/// <summary>
/// Now and then answers a request again by scoring every ad of the shards in this process, to see how much of the auction's value the
/// search found: the sum of the best values of as many campaigns as there are places, found over all. One request at a time, a block of
/// ads at a time, with rests between that keep to a share of one processor; while the processors are busy it waits.
/// </summary>
/// <param name="retriever">Prepares users.</param>
/// <param name="shards">The shards of all versions that are open.</param>
/// <param name="share">Share of one processor, in (0, 1].</param>
/// <param name="time">Real time.</param>
/// <param name="background">Is told of samples that came to nothing.</param>
internal sealed class ValueRecallSampler(
    AdRetriever retriever, Func<IReadOnlyList<LoopShard>> shards, double share, TimeProvider time, BackgroundHealth background)
    : IAsyncDisposable
{
    private const string Part = "valueRecall";

    /// <summary>Requests that the figure is the mean of, at most.</summary>
    public const int Window = 32;

    private const int Block = 1024;

    // Beyond this share of all processors the process has better things to do.
    private const double Busy = 0.85;

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Queue<(double Found, double Best)> _samples = new();
    private Task _running = Task.CompletedTask;
    private int _isRunning;

    /// <summary>Value found over the best, over the last samples; null while there are none.</summary>
    public double? Value
    {
        get
        {
            lock (_lock)
            {
                double best = _samples.Sum(sample => sample.Best);
                return best > 0 ? _samples.Sum(sample => sample.Found) / best : null;
            }
        }
    }

    /// <summary>Ends when the sample that is being taken does.</summary>
    public Task Running => _running;

    /// <summary>Offers an answered request; nearly always it is not taken, at the cost of one read.</summary>
    /// <param name="user">The user.</param>
    /// <param name="query">What was eligible.</param>
    /// <param name="found">What was found.</param>
    /// <param name="places">Places on sale.</param>
    public void Offer(UserFeatures user, ValueQuery query, RetrievalAnswer found, int places)
    {
        if (Volatile.Read(ref _isRunning) != 0 || found.Coverage < 1 || Interlocked.Exchange(ref _isRunning, 1) != 0)
            return;
        _running = Task.Run(() => SampleAsync(user, query, found, places));
    }

    /// <summary>Ends the sampling.</summary>
    public async ValueTask DisposeAsync()
    {
        // Nothing is taken any more.
        Interlocked.Exchange(ref _isRunning, 1);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task SampleAsync(UserFeatures user, ValueQuery query, RetrievalAnswer found, int places)
    {
        try
        {
            if (await MeasureAsync(user, query, found, places).ConfigureAwait(false) is { } sample)
                Add(sample);
            background.Succeeded(Part);
            Volatile.Write(ref _isRunning, 0);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return; // and nothing is taken any more
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Usually the version was replaced, or has no book yet. Whatever it was: the next request is as good.
            background.Failed(Part, e);
            Volatile.Write(ref _isRunning, 0);
        }
    }

    private async Task<(double Found, double Best)?> MeasureAsync(
        UserFeatures user, ValueQuery query, RetrievalAnswer found, int places)
    {
        PreparedUser prepared = retriever.Prepare(user, found.Version);
        var values = new CampaignValues(places);
        foreach (LoopShard shard in shards().Where(s => s.Version == found.Version && s.Local is not null))
        {
            using VersionedIndex<ShardVersion>.Lease lease = shard.Local!.Lease(found.Version);
            ShardVersion version = lease.Value;
            ClassBids bids = version.Bids ?? throw new InvalidOperationException("No bid book yet.");
            var scan = new ValueScan(version, bids, new ValueRanker(bids, query), FoundOn(version, found));
            for (int start = 0; start < version.OrdinalCount; start += Block)
            {
                long began = time.GetTimestamp();
                scan.Score(prepared.State, start, Math.Min(Block, version.OrdinalCount - start), values);
                await RestAsync(time.GetElapsedTime(began)).ConfigureAwait(false);
            }
        }
        return values.Best > 0 ? (values.Found, values.Best) : null;
    }

    private static HashSet<int> FoundOn(ShardVersion version, RetrievalAnswer found)
    {
        var ordinals = new HashSet<int>(found.Ads.Count);
        for (int i = 0; i < found.Ads.Count; i++)
        {
            if (version.TryOrdinalOf(found.Ads[i].Id, out int ordinal))
                ordinals.Add(ordinal);
        }
        return ordinals;
    }

    private void Add((double Found, double Best) sample)
    {
        Telemetry.ValueRecall(sample.Found / sample.Best);
        lock (_lock)
        {
            _samples.Enqueue(sample);
            if (_samples.Count > Window)
                _samples.Dequeue();
        }
    }

    private async Task RestAsync(TimeSpan worked)
    {
        TimeSpan rest = worked * ((1 / share) - 1);
        if (rest > LongestRest)
            rest = LongestRest;
        double busy;
        do
        {
            (TimeSpan cpu, long start) = (Environment.CpuUsage.TotalTime, time.GetTimestamp());
            await Task.Delay(rest, time, _stop.Token).ConfigureAwait(false);
            TimeSpan passed = time.GetElapsedTime(start);
            // Too short a rest says nothing; there will be many.
            busy = passed < TimeSpan.FromMilliseconds(20)
                ? 0 : (Environment.CpuUsage.TotalTime - cpu) / (passed * Environment.ProcessorCount);
            rest = LongestRest;
        }
        while (busy > Busy);
    }
}

/// <summary>The best value of each campaign, of all ads and of those that were found.</summary>
/// <param name="places">How many campaigns can win.</param>
internal sealed class CampaignValues(int places)
{
    private readonly Dictionary<int, (double Found, double Best)> _campaigns = [];

    /// <summary>What the places can earn with all ads.</summary>
    public double Best => _campaigns.Values.Select(v => v.Best).OrderDescending().Take(places).Sum();

    /// <summary>What they can earn with the ads that were found.</summary>
    public double Found => _campaigns.Values.Select(v => v.Found).OrderDescending().Take(places).Sum();

    /// <summary>Takes in an ad.</summary>
    public void Add(int campaign, double value, bool isFound)
    {
        (double found, double best) = _campaigns.GetValueOrDefault(campaign);
        if (value > best || isFound)
            _campaigns[campaign] = (isFound ? Math.Max(found, value) : found, Math.Max(best, value));
    }
}

/// <summary>Scores the ads of one version of a shard, a block at a time.</summary>
internal sealed class ValueScan(ShardVersion version, ClassBids bids, ValueRanker ranker, HashSet<int> found)
{
    private int[] _ordinals = [];
    private float[] _scores = [];
    private float[] _values = [];

    /// <summary>Scores the ads from one ordinal on.</summary>
    public void Score(ReadOnlyMemory<float> user, int start, int count, CampaignValues values)
    {
        if (_ordinals.Length < count)
            (_ordinals, _scores, _values) = (new int[count], new float[count], new float[count]);
        Span<int> ordinals = _ordinals.AsSpan(0, count);
        for (int i = 0; i < count; i++)
            ordinals[i] = start + i;
        version.Score(user.Span, ordinals, _scores.AsSpan(0, count));
        ranker.Rank(ordinals, _scores.AsSpan(0, count), _values.AsSpan(0, count));
        PlacementClasses classes = bids.Classes;
        for (int i = 0; i < count; i++)
        {
            if (_values[i] > 0)
                values.Add(classes.CampaignOf[classes.ClassOf[start + i]], _values[i], found.Contains(start + i));
        }
    }
}
