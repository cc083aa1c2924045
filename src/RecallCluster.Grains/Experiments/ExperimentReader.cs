using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Experiments;

namespace RecallCluster.Grains.Experiments;

/// <summary>
/// The experiments on this silo: follows their list's grain. What was heard is kept until something newer is heard, also while the grain
/// cannot be reached. Thread-safe.
/// </summary>
internal sealed class ExperimentReader(IGrainFactory grains, MachineHostOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly ReadPlace _place = new();
    private Follower? _follower;

    /// <summary>What this silo's gateway splits users by.</summary>
    public ExperimentBoard Board { get; } = new();

    /// <summary>Begins to follow.</summary>
    public void Start() => _follower ??= new Follower(AskAsync, options, time);

    /// <summary>Completes when the list was heard of.</summary>
    public Task WaitForFirstAsync(CancellationToken cancellation) => _place.WaitPastAsync(default, cancellation);

    /// <summary>Completes when this silo knows a place of the list, or a later one.</summary>
    public Task WaitForAsync(Guid life, long place, CancellationToken cancellation) => _place.WaitForAsync(life, place, cancellation);

    public ValueTask DisposeAsync() => _follower?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task AskAsync(CancellationToken cancellation)
    {
        (Guid life, long place) = _place.Current;
        ExperimentsMessage? news = await grains.GetGrain<IExperimentListGrain>(0).NextAsync(life, place)
            .WaitAsync(cancellation).ConfigureAwait(false);
        if (news is null)
            return;
        Board.Publish(GrainsJson.Read(news.Definitions, ServingJson.Default.ExperimentDefinitionArray, "list of experiments"));
        _place.Reach(news.Life, news.Place);
    }
}
