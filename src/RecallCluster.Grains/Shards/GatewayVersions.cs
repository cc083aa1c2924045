using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Serving;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// The versions of an index on one gateway: the one that requests are answered with, and the one that they are compared with. One call at a
/// time, but for <see cref="Report"/>.
/// </summary>
/// <param name="host">Opens versions.</param>
/// <param name="grains">Finds replicas.</param>
/// <param name="silo">Those of the gateway's own silo.</param>
/// <param name="known">What is known of users.</param>
/// <param name="index">The index.</param>
/// <param name="gateway">The gateway's silo.</param>
/// <param name="time">The clock of deadlines and timings.</param>
internal sealed class GatewayVersions(
    EmbeddedHost host, IGrainFactory grains, SiloShards silo, KnownData known, string index, string gateway, TimeProvider time)
    : IAsyncDisposable
{
    private volatile string? _running, _opening;
    private volatile Shadow? _shadow;

    /// <summary>What the index' grain is told, also while a version is being opened.</summary>
    public GatewayReport Report
    {
        get
        {
            Shadow? shadow = _shadow;
            byte[]? tally = shadow?.Check is { } check
                ? JsonSerializer.SerializeToUtf8Bytes(check.Tally, GrainsJson.Default.ShadowTally) : null;
            return new GatewayReport(gateway, _running, shadow?.Name, shadow?.Failure, tally) { Opening = _opening };
        }
    }

    /// <summary>Does what the index wants: answers with its version, compares with its next one.</summary>
    /// <exception cref="InvalidDataException">The version to answer with is broken here; the one before goes on.</exception>
    /// <exception cref="IOException">A file of it cannot be read.</exception>
    public async Task FollowAsync(IndexState state)
    {
        if (state.Current is { } current && current.Name != _running)
            await RunAsync(current, state.Replicas).ConfigureAwait(false);
        if (state.Shadow?.Name == _shadow?.Name)
            return;
        await CloseShadowAsync().ConfigureAwait(false);
        if (state.Shadow is { } wanted)
            await OpeningAsync(wanted, () => _shadow = Open(wanted, state)).ConfigureAwait(false);
    }

    /// <summary>Compares no longer.</summary>
    public ValueTask DisposeAsync() => CloseShadowAsync();

    private async Task RunAsync(IndexVersion version, int replicas)
    {
        RetrieverVersion? opened = null;
        if (_shadow is { Version: { } compared } shadow && shadow.Name == version.Name)
        {
            (_shadow, opened) = (null, compared);
            if (shadow.Check is { } check)
                await check.DisposeAsync().ConfigureAwait(false);
        }
        await OpeningAsync(version, () => host.Use(opened ?? host.Open(OptionsOf(version, replicas)))).ConfigureAwait(false);
        _running = version.Name;
    }

    private async Task OpeningAsync(IndexVersion version, Action open)
    {
        _opening = version.Name;
        try
        {
            await Task.Run(open).ConfigureAwait(false);
        }
        finally
        {
            _opening = null;
        }
    }

    private Shadow Open(IndexVersion version, IndexState state)
    {
        try
        {
            RetrieverVersion opened = host.Open(OptionsOf(version, state.Replicas));
            ShadowCheck? check = state.ShadowShare > 0
                ? new ShadowCheck(host.Retriever, opened, state.ShadowShare, state.ShadowPace, time)
                : null;
            return new Shadow(version.Name, opened, check, null);
        }
        // Whatever it is, requests must not be answered with it.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return new Shadow(version.Name, null, null, e.Message);
        }
    }

    private async ValueTask CloseShadowAsync()
    {
        if (_shadow is not { } shadow)
            return;
        _shadow = null;
        if (shadow.Check is { } check)
            await check.DisposeAsync().ConfigureAwait(false);
        shadow.Version?.Dispose();
    }

    private EmbeddedHostOptions OptionsOf(IndexVersion version, int replicas) => new()
    {
        Name = version.Name,
        ModelDirectory = version.ModelDirectory,
        IndexDirectory = version.IndexDirectory,
        Users = known.Users,
        Shards = new GrainShards(grains, silo, index, version, replicas, time),
    };

    private sealed record Shadow(string Name, RetrieverVersion? Version, ShadowCheck? Check, string? Failure);
}
