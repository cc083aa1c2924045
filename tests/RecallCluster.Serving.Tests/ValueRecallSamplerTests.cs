using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Tests;

public class ValueRecallSamplerTests
{
    [Fact]
    public async Task A_sample_that_breaks_ends_neither_the_sampling_nor_whoever_stops_it()
    {
        var user = new UserFeatures { Id = "ann" };
        using AdRetriever retriever = new WorldShard(LoopWorld.Simple((1, 1, 3))).Retriever();
        RetrievalAnswer found = await retriever.AnswerAsync(new RetrievalRequest(user, 3), default);
        var health = new BackgroundHealth();
        int looked = 0;
        var sampler = new ValueRecallSampler(retriever, Look, 1, TimeProvider.System, health);
        var query = new ValueQuery(new ulong[1], new ulong[1]);

        sampler.Offer(user, query, found, 1);
        await sampler.Running;
        sampler.Offer(user, query, found, 1);
        await sampler.Running;
        await sampler.DisposeAsync();

        Assert.Equal(2, looked);
        BackgroundState part = Assert.Single(health.Parts);
        Assert.Equal(("valueRecall", 2L), (part.Part, part.Failures));

        IReadOnlyList<LoopShard> Look()
        {
            looked++;
            throw new NotSupportedException("Such a shard cannot be looked at.");
        }
    }
}
