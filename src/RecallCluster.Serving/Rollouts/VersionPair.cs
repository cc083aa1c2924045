using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Rollouts;

/// <summary>A model and an index that was built from it, by a name.</summary>
/// <param name="Name">The name.</param>
/// <param name="ModelDirectory">The deep model.</param>
/// <param name="IndexDirectory">The index.</param>
public sealed record VersionPair(string Name, string ModelDirectory, string IndexDirectory)
{
    private const string ModelFolder = "model", IndexFolder = "index", DeepFolder = "deep";

    /// <summary>
    /// A pair by the name of its index directory. One of the directory of versions goes by its name there: under two names it would be
    /// two, of which one is in use and the other seems not to be.
    /// </summary>
    /// <param name="modelDirectory">The deep model.</param>
    /// <param name="indexDirectory">The index.</param>
    /// <param name="versions">The directory of versions; null for none.</param>
    public static VersionPair Of(string modelDirectory, string indexDirectory, string? versions) =>
        In(versions).FirstOrDefault(pair => pair.IsAt(indexDirectory))
            ?? new VersionPair(NameOf(indexDirectory), modelDirectory, indexDirectory);

    /// <summary>
    /// The pairs of a directory of versions:
    /// <code>
    /// versions/
    ///   2026-05-01/model/…  2026-05-01/index/…
    ///   2026-05-02/model/…  2026-05-02/index/…
    /// </code>
    /// A model may be the folder that training made, with the deep one inside. What begins with a dot is being made.
    /// </summary>
    /// <param name="directory">The directory; null for none.</param>
    public static IReadOnlyList<VersionPair> In(string? directory)
    {
        var pairs = new List<VersionPair>();
        foreach (string version in directory is null || !Directory.Exists(directory) ? [] : Directory.GetDirectories(directory))
        {
            (string model, string index) = PlaceIn(version);
            string deep = Path.Combine(model, DeepFolder);
            if (!Path.GetFileName(version).StartsWith('.') && Directory.Exists(index) && Directory.Exists(model))
                pairs.Add(new VersionPair(NameOf(version), Directory.Exists(deep) ? deep : model, index));
        }
        return [.. pairs.OrderBy(pair => pair.Name, StringComparer.Ordinal)];
    }

    /// <summary>Where model and index of a version belong.</summary>
    /// <param name="version">The version's folder.</param>
    public static (string Model, string Index) PlaceIn(string version) =>
        (Path.Combine(version, ModelFolder), Path.Combine(version, IndexFolder));

    /// <summary>Whether its index is in a directory, however that is spelt; links count as places of their own.</summary>
    /// <param name="indexDirectory">The directory.</param>
    public bool IsAt(string indexDirectory) => PlaceOf(IndexDirectory) == PlaceOf(indexDirectory);

    /// <summary>The view of it; null where it is being written, or is broken.</summary>
    /// <param name="isRunning">Whether requests are answered with it.</param>
    public IndexVersionView? View(bool isRunning)
    {
        try
        {
            IndexManifest manifest = Indexes.IndexDirectory.ReadManifest(IndexDirectory);
            return new IndexVersionView(Name, isRunning, manifest.Shards.Count, manifest.Shards.Sum(shard => (long)shard.Ads));
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return null;
        }
    }

    private static string NameOf(string directory) => Path.GetFileName(PlaceOf(directory));

    private static string PlaceOf(string directory) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
}
