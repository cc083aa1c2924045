using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Serving.Indexes;

/// <summary>A deep model with an index directory that was built from it; its shards are opened one at a time.</summary>
public sealed class IndexedModel
{
    private IndexedModel(DeepAdModel model, string indexDirectory, IndexManifest manifest) =>
        (Model, Directory, Manifest) = (model, indexDirectory, manifest);

    /// <summary>The model.</summary>
    public DeepAdModel Model { get; }

    /// <summary>The index directory.</summary>
    public string Directory { get; }

    /// <summary>What the index directory holds.</summary>
    public IndexManifest Manifest { get; }

    /// <summary>The model's fingerprint, the same in the manifest.</summary>
    public string Fingerprint => Manifest.ModelFingerprint;

    /// <summary>Loads the model of an index.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or the index is of another model; the message names the place.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    /// <exception cref="NotSupportedException">The model cannot walk an index: it is not a deep model.</exception>
    public static IndexedModel Load(string modelDirectory, string indexDirectory)
    {
        IndexManifest manifest = ManifestOf(modelDirectory, indexDirectory);
        return ModelDirectory.Load(modelDirectory) is DeepAdModel model
            ? new IndexedModel(model, indexDirectory, manifest)
            : throw new NotSupportedException($"{modelDirectory} holds a vector model; walking an index wants a deep one.");
    }

    /// <summary>Joins a model that is loaded already to an index.</summary>
    /// <param name="model">The model.</param>
    /// <param name="modelDirectory">Where it was loaded from.</param>
    /// <param name="indexDirectory">The index.</param>
    /// <exception cref="InvalidDataException">The manifest is broken, or the index is of another model.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static IndexedModel Of(DeepAdModel model, string modelDirectory, string indexDirectory)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new IndexedModel(model, indexDirectory, ManifestOf(modelDirectory, indexDirectory));
    }

    /// <summary>The knobs that the index was tuned to; the defaults where it was not tuned.</summary>
    /// <exception cref="InvalidDataException">The file of tuned parameters is broken.</exception>
    public GuidedSearchParameters TunedParameters() =>
        IndexDirectory.ReadTuned(Directory, Fingerprint)?.Parameters ?? GuidedSearchParameters.Default;

    /// <summary>Opens a shard, which has the shape that the model scores.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="check">How much of the file is checked.</param>
    /// <exception cref="InvalidDataException">There is no such shard, or its file is broken; the message names it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public AdIndex OpenShard(int number, IndexCheck check = IndexCheck.Graph)
    {
        if (number < 0 || number >= Manifest.Shards.Count)
            throw new InvalidDataException($"{Directory} has {Manifest.Shards.Count} shard(s), from 0 on; there is no shard {number}.");
        AdIndex index = IndexDirectory.OpenShard(Directory, Manifest, number, check);
        try
        {
            index.RequireShape(Model.Config.Width, ModelFolder.RecordLength(Model.Config));
            return index;
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    private static IndexManifest ManifestOf(string modelDirectory, string indexDirectory)
    {
        IndexManifest manifest = IndexDirectory.ReadManifest(indexDirectory);
        string fingerprint = ModelFingerprint.Of(modelDirectory);
        return manifest.ModelFingerprint == fingerprint
            ? manifest
            : throw new InvalidDataException(
                $"{indexDirectory} was built from model {manifest.ModelFingerprint}; the model in {modelDirectory} is {fingerprint}. "
                + "Build the index again.");
    }
}
