using System.Diagnostics;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Shards;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Replicas;
using RecallCluster.Wire.Shards;

namespace RecallCluster.ClusterBench;

/// <summary>A gateway's call of a shard whose search is over at once, against a bare call of the same messages, in turns.</summary>
/// <param name="InFlight">Callers.</param>
/// <param name="Bare">The bare call.</param>
/// <param name="Gateway">The gateway's.</param>
/// <param name="CostRatio">Processor time of the gateway's call over the bare one's; median of the rounds.</param>
/// <param name="TimeRatio">Median time of a call, likewise.</param>
/// <param name="RateRatio">Bare calls a second over the gateway's, likewise.</param>
internal sealed record CallFigures(int InFlight, CallRate Bare, CallRate Gateway, double CostRatio, double TimeRatio, double RateRatio);

/// <summary>
/// What a gateway adds to a call of a shard in another process: choice of the replica, deadline, hedge, mapping to contracts and back at
/// both ends, and the way off the grain's turn and back.
/// </summary>
internal sealed class CallBench(IGrainFactory grains, int stateFloats, Process other)
{
    private const int Rounds = 5, Replicas = 2;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    public async Task<CallFigures[]> RunAsync(TimeSpan duration)
    {
        ShardQuery query = SamplePayload.QueryOf(stateFloats);
        ShardQueryMessage message = ShardWire.ToWire(query, SamplePayload.Version);
        IEchoGrain echo = grains.GetGrain<IEchoGrain>("0");
        using ReplicatedShard shard = Shard();
        Func<int, int, Task> bare = (_, _) => echo.EchoAsync(message), gateway = (_, _) => shard.SearchAsync(query, CancellationToken.None);
        foreach (Func<int, int, Task> call in (Func<int, int, Task>[])[bare, gateway])
            await ClosedLoop.RunAsync(32, WarmUp, call, other).ConfigureAwait(false);
        var figures = new List<CallFigures>();
        foreach (int callers in (int[])[1, 32])
        {
            var (bares, ours) = (new List<CallRate>(), new List<CallRate>());
            for (int round = 0; round < Rounds; round++)
            {
                bares.Add(await ClosedLoop.RunAsync(callers, duration, bare, other).ConfigureAwait(false));
                ours.Add(await ClosedLoop.RunAsync(callers, duration, gateway, other).ConfigureAwait(false));
            }
            figures.Add(new CallFigures(
                callers, ClosedLoop.Median(bares), ClosedLoop.Median(ours),
                Ratio(rate => rate.CpuUs), Ratio(rate => rate.P50Us), Ratio(rate => 1 / rate.PerSecond)));

            double Ratio(Func<CallRate, double> of) =>
                ours.Zip(bares, (our, theirs) => of(our) / of(theirs)).Order().ElementAt(Rounds / 2);
        }
        return [.. figures];
    }

    private ReplicatedShard Shard() => new(
        [
            .. Enumerable.Range(0, Replicas).Select(replica =>
            {
                var key = new ReplicaKey("bench", 0, replica);
                return (IReplica)new GrainReplica(
                    grains.GetGrain<IShardGrain>(key.ToString(), typeof(InstantShardGrain).FullName), key, SamplePayload.Version);
            }),
        ],
        null, TimeProvider.System, new SeededRandom(1));
}
