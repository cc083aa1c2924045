using RecallCluster.Http.Admin;
using RecallCluster.Serving;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The versions of model and index that a running host can change to: the pair that it began with, by the name of the index directory, and
/// the pairs of a directory of versions:
/// <code>
/// versions/
///   2026-05-01/model/…  2026-05-01/index/…
///   2026-05-02/model/…  2026-05-02/index/…
/// </code>
/// A pair that was written anew is loaded anew.
/// </summary>
internal sealed class ServedVersions : IIndexVersions, IDisposable
{
    private const string ModelFolder = "model", IndexFolder = "index";

    private readonly EmbeddedHost _host;
    private readonly EmbeddedHostOptions _first;
    private readonly string? _directory;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile string _running;

    /// <param name="host">The host.</param>
    /// <param name="first">What it begins with.</param>
    /// <param name="directory">Directory of versions; null for none.</param>
    public ServedVersions(EmbeddedHost host, EmbeddedHostOptions first, string? directory)
    {
        (_host, _first, _directory) = (host, first, directory);
        _running = NameOf(first.IndexDirectory);
    }

    /// <inheritdoc/>
    public IReadOnlyList<IndexVersionView> List() =>
        [.. Pairs().Select(pair => ViewOf(pair.Key, pair.Value)).Where(view => view is not null).Select(view => view!)];

    /// <inheritdoc/>
    public async Task<IndexVersionView> LoadAsync(string name, CancellationToken cancellation)
    {
        if (!Pairs().TryGetValue(name, out EmbeddedHostOptions? wanted))
            throw new InvalidRequestException("name", $"there is no version '{name}'.");
        await _loading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await Task.Run(() => Load(wanted), CancellationToken.None).ConfigureAwait(false);
            _running = name;
        }
        finally
        {
            _loading.Release();
        }
        return ViewOf(name, wanted) ?? throw new InvalidDataException($"{wanted.IndexDirectory} is broken.");
    }

    public void Dispose() => _loading.Dispose();

    private static string NameOf(string directory) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));

    private void Load(EmbeddedHostOptions wanted)
    {
        try
        {
            _host.Load(wanted);
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    private SortedDictionary<string, EmbeddedHostOptions> Pairs()
    {
        var pairs = new SortedDictionary<string, EmbeddedHostOptions>(StringComparer.Ordinal);
        foreach (string version in _directory is null ? [] : Directory.EnumerateDirectories(_directory))
        {
            string index = Path.Combine(version, IndexFolder), model = Path.Combine(version, ModelFolder);
            if (Directory.Exists(index) && Directory.Exists(model))
            {
                pairs[NameOf(version)] = _first with
                {
                    IndexDirectory = index, ModelDirectory = ModelFolders.DeepIn(model), Parameters = null,
                };
            }
        }
        pairs.TryAdd(NameOf(_first.IndexDirectory), _first);
        return pairs;
    }

    // One that is being written, or is broken, cannot be changed to.
    private IndexVersionView? ViewOf(string name, EmbeddedHostOptions pair)
    {
        try
        {
            IndexManifest manifest = IndexDirectory.ReadManifest(pair.IndexDirectory);
            return new IndexVersionView(name, name == _running, manifest.Shards.Count, manifest.Shards.Sum(shard => (long)shard.Ads));
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return null;
        }
    }
}
