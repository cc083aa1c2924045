using RecallCluster.Serving;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The versions of model and index that a running host can change to: the pair that it began with, by the name of the index directory, and
/// the pairs of a directory of versions (<see cref="VersionPair.In"/>). A pair that was written anew is loaded anew. Nothing is compared
/// on live requests: a version that loads is switched to.
/// </summary>
internal sealed class ServedVersions : IIndexVersions, IDisposable
{
    private readonly EmbeddedHost _host;
    private readonly EmbeddedHostOptions _first;
    private readonly string? _directory;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile string _running;
    private volatile string? _previous;
    private volatile RolloutEnd? _last;

    /// <param name="host">The host.</param>
    /// <param name="first">What it begins with.</param>
    /// <param name="directory">Directory of versions; null for none.</param>
    public ServedVersions(EmbeddedHost host, EmbeddedHostOptions first, string? directory)
    {
        (_host, _first, _directory) = (host, first, directory);
        _running = VersionPair.Of(first.ModelDirectory, first.IndexDirectory, directory).Name;
    }

    /// <inheritdoc/>
    public ShadowLimits Limits => ShadowLimits.None;

    /// <inheritdoc/>
    public Task<IReadOnlyList<IndexVersionView>> ListAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<IndexVersionView>>(
            [.. Pairs().Values.Select(pair => pair.View(pair.Name == _running)).OfType<IndexVersionView>()]);

    /// <inheritdoc/>
    public Task<RolloutView> RolloutAsync(CancellationToken cancellation)
    {
        RolledVersion? running = _host.Retriever.Summary is { } summary ? new RolledVersion(_running, summary.Version) : null;
        return Task.FromResult(new RolloutView(running, _previous is { } name ? new RolledVersion(name, name) : null, null, _last));
    }

    /// <inheritdoc/>
    public async Task<IndexVersionView> PublishAsync(string name, ShadowLimits? limits, CancellationToken cancellation)
    {
        if (limits is { Requests: > 0 })
            throw new InvalidRequestException("shadow.requests", "is 0 here: one process compares no versions; a cluster does.");
        if (!Pairs().TryGetValue(name, out VersionPair? wanted))
            throw new InvalidRequestException("name", $"there is no version '{name}'.");
        await ChangeAsync(wanted, RolloutOutcome.Switched, cancellation).ConfigureAwait(false);
        return wanted.View(isRunning: true) ?? throw new InvalidDataException($"{wanted.IndexDirectory} is broken.");
    }

    /// <inheritdoc/>
    public async Task<RolloutView> RollBackAsync(CancellationToken cancellation)
    {
        if (_previous is not { } name || !Pairs().TryGetValue(name, out VersionPair? previous))
            throw new InvalidOperationException("There is no version to go back to.");
        await ChangeAsync(previous, RolloutOutcome.RolledBack, cancellation).ConfigureAwait(false);
        return await RolloutAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<RolloutView> DropPreviousAsync(CancellationToken cancellation)
    {
        _previous = null;
        return RolloutAsync(cancellation);
    }

    public void Dispose() => _loading.Dispose();

    private async Task ChangeAsync(VersionPair wanted, RolloutOutcome outcome, CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await Task.Run(() => Load(wanted), CancellationToken.None).ConfigureAwait(false);
            _last = new RolloutEnd(new RolledVersion(wanted.Name, wanted.Name), outcome, DateTimeOffset.UtcNow);
            if (_running != wanted.Name)
                (_previous, _running) = (_running, wanted.Name);
        }
        finally
        {
            _loading.Release();
        }
    }

    private void Load(VersionPair wanted)
    {
        bool isFirst = wanted.IsAt(_first.IndexDirectory);
        try
        {
            _host.Load(isFirst
                ? _first
                : _first with { IndexDirectory = wanted.IndexDirectory, ModelDirectory = wanted.ModelDirectory, Parameters = null });
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    private SortedDictionary<string, VersionPair> Pairs()
    {
        var pairs = new SortedDictionary<string, VersionPair>(StringComparer.Ordinal);
        foreach (VersionPair pair in VersionPair.In(_directory))
            pairs[pair.Name] = pair;
        var first = VersionPair.Of(_first.ModelDirectory, _first.IndexDirectory, _directory);
        pairs.TryAdd(first.Name, first);
        return pairs;
    }
}
