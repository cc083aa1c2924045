using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The shards of an index directory, opened for measuring: each with its scorer and with the data-set row of every ordinal.
/// </summary>
internal sealed class IndexedAds : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <exception cref="InvalidDataException">The index is broken, of another model, or of other ads.</exception>
    public IndexedAds(string indexDirectory, string modelFolder, DeepAdModel model, Dataset dataset)
    {
        var indexed = IndexedModel.Of(model, modelFolder, indexDirectory);
        (Manifest, Fingerprint) = (indexed.Manifest, indexed.Fingerprint);
        var rows = new Dictionary<string, int>(dataset.Items.Count, StringComparer.Ordinal);
        for (int row = 0; row < dataset.Items.Count; row++)
            rows.Add(dataset.Items.Ids[row], row);
        try
        {
            Shards = [.. Enumerable.Range(0, Manifest.Shards.Count).Select(shard => Open(indexed, shard, rows))];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IndexManifest Manifest { get; }

    public string Fingerprint { get; }

    public IReadOnlyList<IndexedShard> Shards { get; }

    public int Ads => Shards.Sum(s => s.Index.Count);

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
    }

    private IndexedShard Open(IndexedModel indexed, int shard, Dictionary<string, int> rowOf)
    {
        AdIndex index = indexed.OpenShard(shard);
        _owned.Add(index);
        IScorer scorer = IndexScorer.Of(indexed.Model, index);
        if (scorer is IDisposable owned)
            _owned.Add(owned);
        int[] rows = new int[index.Count];
        for (int ordinal = 0; ordinal < rows.Length; ordinal++)
        {
            string id = index.IdOf(ordinal);
            if (!rowOf.TryGetValue(id, out rows[ordinal]))
                throw new InvalidDataException($"{index.FilePath}: holds ad '{id}', which the data set does not.");
        }
        return new IndexedShard(index, scorer, rows);
    }
}

/// <summary>One shard: its index, the model over its ordinals, and the data-set row of each ordinal.</summary>
internal sealed record IndexedShard(AdIndex Index, IScorer Scorer, int[] Rows)
{
    private readonly Dictionary<int, int> _ordinals = Rows.Index().ToDictionary(entry => entry.Item, entry => entry.Index);

    /// <summary>The ordinal of a data-set row; -1 where another shard holds it.</summary>
    public int OrdinalOf(int row) => _ordinals.GetValueOrDefault(row, -1);
}
