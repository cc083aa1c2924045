using System.Collections.Concurrent;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.Tests;

/// <summary>Index files over ads on a circle-like cloud, in a directory that goes when the test is over.</summary>
internal sealed class TinyIndex : IDisposable
{
    public const int Dim = 8;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-serving-");
    private int _files;

    /// <summary>The ads' vectors by id; one index may be written while another is asked.</summary>
    public ConcurrentDictionary<string, float[]> Vectors { get; } = new();

    /// <summary>Writes an index over the ads <paramref name="ids"/>; a vector depends on its id alone.</summary>
    public string Write(params string[] ids)
    {
        using var vectors = new NativeBlock<float>(Math.Max(1, ids.Length * Dim));
        for (int i = 0; i < ids.Length; i++)
        {
            var random = new SeededRandom(ids[i].Aggregate(7UL, (hash, c) => (hash * 31) + c));
            float[] vector = [.. Enumerable.Range(0, Dim).Select(_ => (float)random.NextGaussian())];
            Vectors[ids[i]] = vector;
            vector.CopyTo(vectors.Span((long)i * Dim, Dim));
        }
        HnswGraph graph = HnswBuilder.Build(vectors, ids.Length, Dim, new HnswOptions { M = 8, EfConstruction = 40 }, 1, null, default);
        string path = Path.Combine(_directory.FullName, $"{_files++}.index");
        AdIndexFile.Write(path, new AdIndexContents { Graph = graph, Dim = Dim, Vectors = vectors, Ids = ids });
        return path;
    }

    /// <summary>The ads of highest inner product with a user, by plain arithmetic.</summary>
    public string[] Best(float[] user, int k, IEnumerable<string> among) =>
        [.. among.OrderByDescending(id => Vectors[id].Zip(user, (a, b) => a * b).Sum()).Take(k)];

    public void Dispose() => _directory.Delete(recursive: true);
}
