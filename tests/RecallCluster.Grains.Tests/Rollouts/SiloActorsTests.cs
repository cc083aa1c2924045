using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Grains.Tests.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Rollouts;

/// <summary>What a silo knows of the actors' plan when a campaign begins on it. It has no role: a campaign may live on any silo.</summary>
public sealed class SiloActorsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly ActorVersion Rising = ActorVersion.Of("rising", SomeActors.Rising(), 1);
    private static readonly RolloutState<ActorVersion, ActorLimits> First = new() { Revision = 1, Current = ActorVersion.Own };

    private readonly MachineFactory _factory = new(new ServingStateOptions());
    private readonly TaskCompletionSource<byte[]?> _second = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_campaign_waits_until_the_plan_as_it_is_now_was_read()
    {
        await using SiloActors actors = Actors(() => Task.FromResult(2L), Patience);
        await actors.StartAsync(default);
        await actors.WaitForAsync(1, default).WaitAsync(Patience);

        Task opening = actors.OpenAsync(default);
        Assert.False(opening.IsCompleted);
        _second.SetResult(Bytes(First with { Revision = 2, Current = Rising, Previous = First.Current }));
        await opening.WaitAsync(Patience);

        Assert.Equal(Rising.Name, _factory.Controllers.Running);
    }

    [Fact]
    public async Task One_that_waits_in_vain_does_not_begin_without()
    {
        await using SiloActors actors = Actors(() => Task.FromResult(2L), TimeSpan.FromMilliseconds(100));
        await actors.StartAsync(default);
        await actors.WaitForAsync(1, default).WaitAsync(Patience);

        IOException error = await Assert.ThrowsAsync<IOException>(() => actors.OpenAsync(default));

        Assert.Equal("The actors' plan is at revision 2; for 0.1 s this silo has read only 1.", error.Message);
    }

    [Fact]
    public async Task Nor_does_one_that_cannot_ask()
    {
        await using SiloActors actors = Actors(() => Task.FromException<long>(new TimeoutException("the silo is gone")), Patience);
        await actors.StartAsync(default);

        IOException error = await Assert.ThrowsAsync<IOException>(() => actors.OpenAsync(default));

        Assert.Equal("The actors' plan cannot be reached: the silo is gone", error.Message);
    }

    [Fact]
    public async Task A_version_that_cannot_be_read_here_is_why_none_begins()
    {
        await using SiloActors actors = Actors(() => Task.FromResult(2L), TimeSpan.FromSeconds(2));
        _second.SetResult("[]"u8.ToArray());
        await actors.StartAsync(default);

        IOException error = await Assert.ThrowsAsync<IOException>(() => actors.OpenAsync(default));

        Assert.Contains("has read only 1: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("plan of actors", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Bytes(RolloutState<ActorVersion, ActorLimits> plan) =>
        JsonSerializer.SerializeToUtf8Bytes(plan, MachineFactory.ActorsType);

    private SiloActors Actors(Func<Task<long>> revision, TimeSpan patience)
    {
        var never = new TaskCompletionSource<byte[]?>();
        IActorsGrain plan = GrainsProxy.Of<IActorsGrain>((method, args) => method.Name switch
        {
            nameof(IActorsGrain.RevisionAsync) => revision(),
            nameof(IActorsGrain.NextAsync) => (long)args![0]! switch
            {
                < 0 => Task.FromResult<byte[]?>(Bytes(First)),
                1 => _second.Task,
                _ => never.Task,
            },
            _ => throw new NotSupportedException(method.Name),
        });
        IGrainFactory grains = GrainsProxy.Of<IGrainFactory>((_, _) => plan);
        var options = new MachineHostOptions { GiveUpAfter = patience };
        var node = new SiloNode { Name = "one", Cluster = "test", Roles = new HashSet<string>(), ShardMemory = 0 };
        var market = new SiloMarket(
            node, grains, new BookReader(grains, _factory, options, TimeProvider.System), experiments: null!, options, TimeProvider.System, NullLogger<SiloMarket>.Instance);
        return new SiloActors(grains, _factory, market, options, TimeProvider.System);
    }
}
