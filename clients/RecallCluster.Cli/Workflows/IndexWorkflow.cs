using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Workflows;

/// <summary>Builds an index directory from a model directory.</summary>
internal static class IndexWorkflow
{
    public static IndexReport Build(
        Dataset dataset, string modelFolder, string directory, IndexBuildOptions options, IStages stages, CancellationToken cancellation)
    {
        (DeepAdModel model, string fingerprint) = stages.Run(
            "Load the model", () => (LoadDeep(modelFolder), ModelFingerprint.Of(modelFolder)));
        using IStage stage = stages.Begin("Build the index");
        return IndexReport.Of(directory, IndexBuild.Run(directory, model, fingerprint, dataset, options, stage, cancellation));
    }

    /// <exception cref="InvalidDataException">The folder holds a model of another kind.</exception>
    public static DeepAdModel LoadDeep(string folder) => ModelDirectory.Load(folder) as DeepAdModel
        ?? throw new InvalidDataException($"{folder}: holds a vector model; a deep one is wanted.");
}
