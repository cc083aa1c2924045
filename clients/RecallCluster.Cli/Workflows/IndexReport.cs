using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>index build</c> made.</summary>
internal sealed record IndexReport(
    string Directory, string Dataset, string ModelFingerprint, int Items, int[] Shards, long Bytes, double BytesPerItem,
    double VectorsSeconds, double BuildSeconds, double WriteSeconds)
{
    public static IndexReport Of(string directory, IndexBuildResult built) => new(
        directory,
        built.Manifest.Dataset,
        built.Manifest.ModelFingerprint,
        built.Ads,
        [.. built.Manifest.Shards.Select(s => s.Ads)],
        built.Bytes,
        (double)built.Bytes / Math.Max(1, built.Ads),
        built.VectorsTime.TotalSeconds,
        built.GraphTime.TotalSeconds,
        built.WriteTime.TotalSeconds);
}
