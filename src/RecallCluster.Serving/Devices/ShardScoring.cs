using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Devices;

/// <summary>
/// What scores the ads of an index, those included that come later: the processor, or a device. Makes versions of the shard.
/// </summary>
public sealed class ShardScoring : IDisposable
{
    private readonly AdIndex _index;
    private readonly IScorer _scorer;
    private readonly Func<NativeBlock<float>, int, IScorer> _growing;
    private readonly GuidedSearchParameters _parameters;

    private ShardScoring(
        AdIndex index, IScorer scorer, Func<NativeBlock<float>, int, IScorer> growing, GuidedSearchParameters parameters,
        IDeviceShard? device = null)
    {
        (_index, _scorer, _growing, _parameters) = (index, scorer, growing, parameters);
        Device = device;
    }

    /// <summary>The device; null for the processor.</summary>
    public IDeviceShard? Device { get; }

    private DeviceOptions? Options { get; init; }

    // Some roundings of the significant bits, which scores near 0 that large terms add up to show the most.
    private float Tolerance => Options?.Precision switch
    {
        ScorerPrecision.Bf16 => 5e-2f,
        ScorerPrecision.Fp16 => 1e-2f,
        _ => 1e-3f,
    };

    /// <summary>Scoring by the processor.</summary>
    /// <param name="indexed">The model.</param>
    /// <param name="index">The shard, which must outlive what is returned.</param>
    /// <param name="isMapped">
    /// Whether records are scored where the file is mapped, which takes no memory until they are; where the model folds.
    /// </param>
    public static ShardScoring OnProcessor(IndexedModel indexed, AdIndex index, bool isMapped = false)
    {
        ArgumentNullException.ThrowIfNull(indexed);
        ArgumentNullException.ThrowIfNull(index);
        IScorer scorer = isMapped && indexed.Model.Config.Attention == AttentionKind.Linear
            ? new FoldedScorer(ModelFolder.Weights(indexed.Model), index.Records, index.Count)
            : IndexScorer.Of(indexed.Model, index);
        return new ShardScoring(index, scorer, IndexScorer.Growing(indexed.Model), indexed.TunedParameters());
    }

    /// <summary>
    /// Scoring by a device. Ads that are put in later are scored by the processor, and the device goes on with the index's.
    /// </summary>
    /// <param name="indexed">The model.</param>
    /// <param name="index">The shard, which must outlive what is returned.</param>
    /// <param name="options">Which device, and how.</param>
    /// <param name="devices">The part that scores on devices; null for the one that is installed.</param>
    /// <inheritdoc cref="IDeviceScoring.Open" path="/exception"/>
    public static ShardScoring OnDevice(IndexedModel indexed, AdIndex index, DeviceOptions options, IDeviceScoring? devices = null)
    {
        ArgumentNullException.ThrowIfNull(indexed);
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(options);
        GuidedSearchParameters parameters = indexed.TunedParameters();
        IDeviceShard device = (devices ?? DevicePlugin.Load()).Open(indexed.Model, index, parameters, options);
        index.ReleaseRecords();
        ReserveThreads(options.Batches);
        return new ShardScoring(
            index, new DeviceIndexScorer(device.Scorer), DeviceIndexScorer.Growing(device.Scorer, IndexScorer.Growing(indexed.Model)),
            parameters, device)
        {
            Options = options,
        };
    }

    /// <summary>A version that owns the index, and the device or the scorer, which it closes with itself.</summary>
    /// <param name="name">Name of the version; queries ask for it.</param>
    /// <param name="time">The clock of deadlines.</param>
    public ShardVersion ToVersion(string name, TimeProvider time) => Version(name, team: null, time, isOwner: true);

    /// <summary>A version to take the place of another one over the same index, which it closes with the last of both.</summary>
    /// <param name="before">The other one.</param>
    /// <param name="time">The clock of deadlines.</param>
    internal ShardVersion InPlaceOf(ShardVersion before, TimeProvider time) =>
        Version(before.Name, team: null, time, isOwner: true, before);

    /// <summary>One of several versions that share index, device and scorer, which stay here.</summary>
    /// <param name="name">Name of the version; queries ask for it.</param>
    /// <param name="team">Threads that share the scoring of a batch, or null for the searching thread alone.</param>
    /// <param name="time">The clock of deadlines.</param>
    public ShardVersion Share(string name, WorkerTeam? team, TimeProvider time) => Version(name, team, time, isOwner: false);

    private ShardVersion Version(string name, WorkerTeam? team, TimeProvider time, bool isOwner, ShardVersion? before = null) =>
        new(name, _index, _scorer, _parameters, team, time)
        {
            GrowingScorer = _growing,
            Walker = Device?.Walker,
            ScoreTolerance = Tolerance,
            IsOtherModel = Options?.ModulePath is not null,
            Owned = isOwner ? Device : null,
            Borrows = !isOwner,
            Before = before,
            SearchesAtOnce = Options is null ? 0 : SearchesAtOnce(Options.Batches),
        };

    // Whoever asks waits on a thread of the pool for its batch, and the pool grows slowly: with too few threads no batch would ever be
    // full.
    private static void ReserveThreads(DeviceBatches batches)
    {
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, SearchesAtOnce(batches)), ports);
    }

    // As many batches as are computed, and one that fills meanwhile.
    private static int SearchesAtOnce(DeviceBatches batches) => (batches.Workers + 1) * batches.Requests[^1];

    /// <summary>Closes the device, or the scorer; not the index.</summary>
    public void Dispose()
    {
        Device?.Dispose();
        (_scorer as IDisposable)?.Dispose();
    }
}
