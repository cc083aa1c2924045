using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Serving.Indexes;

/// <summary>
/// An index as a directory:
/// <code>
/// index.json      manifest: data set, model fingerprint, build options, shards; written last, so that it stands only beside whole shards
/// shard-0.index   one file per shard (see AdIndexFile)
/// tuned.json      search parameters that `tune` found, once it has run
/// </code>
/// </summary>
public static class IndexDirectory
{
    private const string ManifestFile = "index.json";
    private const string TunedFile = "tuned.json";

    /// <summary>Path of a shard's file.</summary>
    public static string ShardPath(string directory, int shard) => Path.Combine(directory, ShardFileName(shard));

    /// <summary>Name of a shard's file.</summary>
    public static string ShardFileName(int shard) => $"shard-{shard}.index";

    /// <summary>
    /// Makes the directory ready for new shards: it is created where it is missing, and an index that stood there stops to be one.
    /// </summary>
    /// <exception cref="IOException">It holds something that is not an index, or cannot be created.</exception>
    public static void Prepare(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Directory.CreateDirectory(directory);
        string[] strange =
            [.. Directory.EnumerateFileSystemEntries(directory).Select(p => Path.GetFileName(p)).Where(name => !IsOurs(name))];
        if (strange.Length > 0)
            throw new IOException($"{directory}: holds {strange[0]}, which is no part of an index; it is left as it is.");
        foreach (string file in Directory.EnumerateFiles(directory))
            File.Delete(file);
    }

    /// <summary>Writes the manifest, which makes the directory an index.</summary>
    public static void WriteManifest(string directory, IndexManifest manifest) =>
        AtomicFile.Write(
            Path.Combine(directory, ManifestFile), JsonSerializer.SerializeToUtf8Bytes(manifest, IndexJson.Default.IndexManifest));

    /// <summary>Reads the manifest.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="InvalidDataException">It is no index directory, or of another version; the message says which.</exception>
    public static IndexManifest ReadManifest(string directory)
    {
        if (!Directory.Exists(directory))
            throw new DirectoryNotFoundException($"{directory}: there is no such directory.");
        string path = Path.Combine(directory, ManifestFile);
        if (!File.Exists(path))
            throw new InvalidDataException($"{directory}: no index directory ({ManifestFile} is missing).");
        IndexManifest manifest = ParseManifest(File.ReadAllBytes(path), path);
        foreach (ShardFile shard in manifest.Shards)
        {
            if (!File.Exists(Path.Combine(directory, shard.File)))
                throw new InvalidDataException($"{path}: shard file '{shard.File}' is missing.");
        }
        return manifest;
    }

    /// <summary>Reads a manifest, without a look at its shards.</summary>
    /// <exception cref="InvalidDataException">It is none, or of another version; the message says which.</exception>
    internal static IndexManifest ParseManifest(ReadOnlySpan<byte> bytes, string path)
    {
        IndexManifest manifest = Read(bytes, path, IndexJson.Default.IndexManifest);
        if (manifest.Format != IndexManifest.FormatName)
            throw new InvalidDataException($"{path}: format is '{manifest.Format}'; '{IndexManifest.FormatName}' is wanted.");
        if (manifest.Version != IndexManifest.CurrentVersion)
            throw new InvalidDataException(
                $"{path}: version is {manifest.Version}; this program reads version {IndexManifest.CurrentVersion}.");
        if (manifest.Clicks is { IsValid: false } clicks)
            throw new InvalidDataException($"{path}: clicks has slope {clicks.Slope} and shift {clicks.Shift}; no such scale exists.");
        if (manifest.Shards.Count == 0)
            throw new InvalidDataException($"{path}: shards is empty.");
        foreach (ShardFile? shard in manifest.Shards)
        {
            if (shard is null)
                throw new InvalidDataException($"{path}: a shard is null.");
            if (shard.File.Length == 0 || shard.File != Path.GetFileName(shard.File))
                throw new InvalidDataException($"{path}: shard file '{shard.File}' is missing.");
        }
        return manifest;
    }

    /// <summary>Opens a shard and checks that it is the one that the manifest speaks of.</summary>
    /// <param name="directory">The index directory.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="shard">Number of the shard.</param>
    /// <param name="check">How much of the file is checked.</param>
    /// <exception cref="InvalidDataException">The file is broken, of another model, or holds another number of ads; the message names
    /// it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static AdIndex OpenShard(string directory, IndexManifest manifest, int shard, IndexCheck check = IndexCheck.Graph)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ShardFile file = manifest.Shards[shard];
        AdIndex index = AdIndex.Open(Path.Combine(directory, file.File), check);
        string? wrong = index.Metadata.ModelFingerprint != manifest.ModelFingerprint
            ? $"is of model {index.Metadata.ModelFingerprint}, the manifest says {manifest.ModelFingerprint}"
            : index.Count != file.Ads ? $"holds {index.Count} ads, the manifest says {file.Ads}" : null;
        if (wrong is null)
            return index;
        index.Dispose();
        throw new InvalidDataException($"{index.FilePath}: {wrong}.");
    }

    /// <summary>Keeps tuned parameters beside the shards.</summary>
    public static void WriteTuned(string directory, TunedSearch tuned) =>
        AtomicFile.Write(Path.Combine(directory, TunedFile), JsonSerializer.SerializeToUtf8Bytes(tuned, IndexJson.Default.TunedSearch));

    /// <summary>The tuned parameters; null when the index was not tuned yet.</summary>
    /// <exception cref="InvalidDataException">They are broken, or were found for another model.</exception>
    public static TunedSearch? ReadTuned(string directory, string modelFingerprint)
    {
        string path = Path.Combine(directory, TunedFile);
        if (!File.Exists(path))
            return null;
        return ParseTuned(File.ReadAllBytes(path), path, modelFingerprint);
    }

    /// <summary>Reads tuned parameters.</summary>
    /// <exception cref="InvalidDataException">They are broken, or were found for another model.</exception>
    internal static TunedSearch ParseTuned(ReadOnlySpan<byte> bytes, string path, string modelFingerprint)
    {
        TunedSearch tuned = Read(bytes, path, IndexJson.Default.TunedSearch);
        if (tuned.ModelFingerprint != modelFingerprint)
            throw new InvalidDataException(
                $"{path}: was tuned for model {tuned.ModelFingerprint}, the index is of {modelFingerprint}; run `tune` again.");
        try
        {
            foreach (GuidedSearchParameters? parameters in tuned.Frontier.Prepend(tuned.Parameters))
                (parameters ?? throw new ArgumentException("Parameters are null.")).Validate();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
        return tuned;
    }

    // A process that was killed leaves what it was writing under a temporary name.
    private static bool IsOurs(string name) => IsPart(AtomicFile.TargetOf(name) ?? name);

    private static bool IsPart(string name) =>
        name is ManifestFile or TunedFile
            || (name.StartsWith("shard-", StringComparison.Ordinal) && name.EndsWith(".index", StringComparison.Ordinal));

    private static T Read<T>(ReadOnlySpan<byte> bytes, string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException($"{path}: is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}, line {e.LineNumber + 1}, {e.Path}: {e.Message}", e);
        }
    }
}

/// <summary>Serialisers of the index directory's files.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(IndexManifest))]
[JsonSerializable(typeof(TunedSearch))]
internal sealed partial class IndexJson : JsonSerializerContext;
