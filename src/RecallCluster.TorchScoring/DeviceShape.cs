using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using RecallCluster.TorchScoring.Walking;

namespace RecallCluster.TorchScoring;

/// <summary>What a shard will take of a device, known before anything is put there.</summary>
/// <param name="UserStateLength">Floats of a prepared user state.</param>
/// <param name="Bytes">Bytes of tables, graph and stamps.</param>
internal sealed record DeviceShape(int UserStateLength, long Bytes)
{
    /// <exception cref="NotSupportedException">The model's attention is not linear.</exception>
    public static DeviceShape Of(TorchDevice device, DeepAdModel model, AdIndex index, DeviceOptions options)
    {
        int state = StateLengthOf(model.Config);
        long bytes = options.ModulePath is null
            ? FoldedDeviceModel.TableBytesOf(device, ModelFolder.Weights(model), index.Count)
            : ScriptDeviceModel.TableBytesOf(index);
        if (options.Scorer.Walks)
        {
            bytes += DeviceGraph.BytesOf(index.Graph)
                + (options.Batches.Workers * WalkMarks.BytesOf(options.Batches.Requests[^1], index.Count));
        }
        return new DeviceShape(state, bytes);
    }

    /// <exception cref="DeviceMemoryException">It is more than there may be.</exception>
    public void RequireRoom(DeviceOptions options, AdIndex index)
    {
        if (options.MostTableBytes is { } most && Bytes > most)
        {
            throw new DeviceMemoryException(
                $"{index.FilePath} takes {Bytes >> 20:N0} MiB on {options.Scorer} ({index.Count:N0} ads, {options.Precision}); "
                + $"{most >> 20:N0} MiB are allowed.");
        }
    }

    private static int StateLengthOf(ModelConfig config) => config.Attention == AttentionKind.Linear
        ? config.Hidden1 + (2 * config.Width) + (config.Width * config.Hidden1) + MatchLayout.Of(config).StateFloats
        : throw new NotSupportedException(
            $"Only linear attention can be folded onto a device; the model's attention is {config.Attention}.");
}
