namespace RecallCluster.Serving.Devices;

/// <summary>How a shard uses a device.</summary>
public sealed record DeviceOptions
{
    /// <summary>Where ads are scored.</summary>
    public required ScorerChoice Scorer { get; init; }

    /// <summary>The numbers that tables and products are held in.</summary>
    public ScorerPrecision Precision { get; init; }

    /// <summary>
    /// A TorchScript module that scores in place of the reference model:
    /// <c>forward(users: Tensor [requests, state], ads: Tensor [requests, ads, width]) -> Tensor [requests, ads]</c>, single precision,
    /// where the users are prepared user states and the ads target vectors of the index. Null for the reference model.
    /// </summary>
    public string? ModulePath { get; init; }

    /// <summary>Shapes and limits of batches.</summary>
    public DeviceBatches Batches { get; init; } = new();

    /// <summary>Most bytes of the device's memory for tables; null for what there is. For shards that share a device.</summary>
    public long? MostTableBytes { get; init; }

    /// <summary>What a later life of the process is to know of a lost device; null for nothing, which tries it again at once.</summary>
    public DeviceLossMark? Loss { get; init; }
}
