using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Shards;

/// <summary>The cluster's versions of an index, for a front door.</summary>
/// <param name="grains">Finds the grains.</param>
/// <param name="index">The index.</param>
/// <param name="options">What a version must show where whoever publishes it does not say.</param>
internal sealed class GrainIndexVersions(IGrainFactory grains, string index, RolloutOptions options) : IIndexVersions
{
    private const string TheIndex = "The index", TheFiles = "The index' files";

    private IIndexGrain Index => grains.GetGrain<IIndexGrain>(index);

    private IIndexFilesGrain Files => grains.GetGrain<IIndexFilesGrain>(0);

    /// <inheritdoc/>
    public ShadowLimits Limits => options.Shadow;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<IndexVersionView>> ListAsync(CancellationToken cancellation)
    {
        IndexVersion[] there = await GrainCalls.AskAsync(Files.ListAsync(), TheFiles, cancellation).ConfigureAwait(false);
        IndexState state = await GrainCalls.AskAsync(Index.StateAsync(), TheIndex, cancellation).ConfigureAwait(false);
        List<IndexVersionView> views = [.. there.Select(version => ViewOf(version, state))];
        if (state.Current is { } current && !views.Any(view => view.IsRunning))
            views.Add(ViewOf(current, state));
        return views;
    }

    /// <inheritdoc/>
    public async Task<RolloutView> RolloutAsync(CancellationToken cancellation) => GrainsJson.Read(
        await GrainCalls.AskAsync(Index.RolloutAsync(), TheIndex, cancellation).ConfigureAwait(false), GrainsJson.Default.RolloutView,
        "roll-out");

    /// <inheritdoc/>
    public async Task<IndexVersionView> PublishAsync(string name, ShadowLimits? limits, CancellationToken cancellation)
    {
        IndexVersion[] there = await GrainCalls.AskAsync(Files.ListAsync(), TheFiles, cancellation).ConfigureAwait(false);
        IndexVersion wanted = Array.Find(there, version => version.Title == name)
            ?? throw new InvalidRequestException("name", $"there is no version '{name}'.");
        IndexVersion described = await GrainCalls.AskAsync(
            Files.DescribeAsync(name, wanted.ModelDirectory, wanted.IndexDirectory), TheFiles, cancellation).ConfigureAwait(false);
        byte[]? told = limits is null ? null : JsonSerializer.SerializeToUtf8Bytes(limits, GrainsJson.Default.ShadowLimits);
        await GrainCalls.AskAsync(Index.PublishAsync(described, told, null), TheIndex, cancellation).ConfigureAwait(false);
        return new IndexVersionView(name, IsRunning: false, described.Shards, described.Ads);
    }

    /// <inheritdoc/>
    public async Task<RolloutView> RollBackAsync(CancellationToken cancellation)
    {
        await GrainCalls.AskAsync(Index.RollBackAsync(), TheIndex, cancellation).ConfigureAwait(false);
        return await RolloutAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<RolloutView> DropPreviousAsync(CancellationToken cancellation)
    {
        await GrainCalls.AskAsync(Index.DropPreviousAsync(), TheIndex, cancellation).ConfigureAwait(false);
        return await RolloutAsync(cancellation).ConfigureAwait(false);
    }

    private static IndexVersionView ViewOf(IndexVersion version, IndexState state) => new(
        version.Title, state.Current is { } current && current.Title == version.Title && current.IndexDirectory == version.IndexDirectory,
        version.Shards, version.Ads);
}
