using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// Carries what campaigns publish from the journal's writer, which must not wait, to those who use it. Only the newest is carried: what was
/// overtaken on the way is of no use.
/// </summary>
/// <param name="use">Uses a publication.</param>
/// <param name="ended">Told what became of that: why it failed, or null.</param>
internal sealed class PublicationPump(Action<PublishedCampaigns> use, Action<Exception?> ended)
{
    private readonly Lock _lock = new();
    private readonly List<(long Version, TaskCompletionSource Done)> _waiting = [];
    private PublishedCampaigns? _next;
    private long _used = -1;
    private bool _running;

    /// <summary>Version of the newest that was put in.</summary>
    public long Latest { get; private set; } = -1;

    /// <summary>Takes a publication; in order, by one thread.</summary>
    public void Put(PublishedCampaigns published)
    {
        lock (_lock)
        {
            _next = published;
            Latest = published.Version;
            if (_running)
                return;
            _running = true;
        }
        _ = Task.Run(Carry);
    }

    /// <summary>Completes when a version, or a later one, is in use.</summary>
    public Task WaitForAsync(long version, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_used >= version)
                return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((version, done));
            return done.Task.WaitAsync(cancellation);
        }
    }

    private void Carry()
    {
        while (true)
        {
            PublishedCampaigns published;
            lock (_lock)
            {
                if (_next is null)
                {
                    _running = false;
                    return;
                }
                (published, _next) = (_next, null);
            }
            Exception? failure = TryUse(published);
            ended(failure);
            lock (_lock)
            {
                _used = published.Version;
                foreach ((long version, TaskCompletionSource done) in _waiting)
                {
                    if (version > _used)
                        continue;
                    if (failure is null)
                        done.TrySetResult();
                    else
                        done.TrySetException(failure);
                }
                _waiting.RemoveAll(waiting => waiting.Version <= _used);
            }
        }
    }

    // Whoever waits is told; the next publication gets its own chance.
    private Exception? TryUse(PublishedCampaigns published)
    {
        try
        {
            use(published);
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return e;
        }
    }
}
