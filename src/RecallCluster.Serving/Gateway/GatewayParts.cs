using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Gateway;

/// <summary>What a gateway works with; none of it is the gateway's own.</summary>
public sealed record GatewayParts
{
    /// <summary>Finds ads.</summary>
    public required AdRetriever Retriever { get; init; }

    /// <summary>Knows them.</summary>
    public required AdCatalogue Catalogue { get; init; }

    /// <summary>Knows users; null for nobody.</summary>
    public IUserStore? Users { get; init; }

    /// <summary>Scores what was found anew; null for the retrieval model's scores.</summary>
    public IRanker? Ranker { get; init; }

    /// <summary>Where every auction is written down, for an oracle and for training; null for nowhere.</summary>
    public AuctionTraceWriter? Trace { get; init; }

    /// <summary>Gives leases.</summary>
    public required ILeases Leases { get; init; }

    /// <summary>The experiments that users are in; none by default.</summary>
    internal ExperimentBoard Experiments { get; init; } = new();

    /// <summary>Looks now and then at how much of the value was found; null for never.</summary>
    internal ValueRecallSampler? Sampler { get; init; }

    /// <summary>This gateway's life: one up at each start.</summary>
    public required long Epoch { get; init; }

    /// <summary>Draws win ids and samples. Its seed must be new in each life, or wins of two lives are taken for one.</summary>
    public required SeededRandom Random { get; init; }

    /// <summary>The clock of deadlines and latency.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The clock of budgets, flights, hours, caps and leases.</summary>
    public TimeProvider BusinessClock { get; init; } = TimeProvider.System;
}
