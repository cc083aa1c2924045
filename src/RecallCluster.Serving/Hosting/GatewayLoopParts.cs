using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Hosting;

/// <summary>What a <see cref="GatewayLoop"/> works with: its ports to the rest of the host. None of it is the loop's own.</summary>
internal sealed record GatewayLoopParts
{
    /// <summary>Finds ads.</summary>
    public required AdRetriever Retriever { get; init; }

    /// <summary>Ads and campaigns as this process knows them.</summary>
    public required LocalMarket Market { get; init; }

    /// <summary>The users.</summary>
    public required IUserStore Users { get; init; }

    /// <summary>Gives leases.</summary>
    public required ILeases Leases { get; init; }

    /// <summary>Is told of the campaigns' auctions.</summary>
    public required IBidReports Reports { get; init; }

    /// <summary>The experiments as this process knows them.</summary>
    public required ExperimentBoard Experiments { get; init; }

    /// <summary>Is told what was answered under their arms.</summary>
    public required IExposureReports Exposures { get; init; }

    /// <summary>What the live view shows that is not the gateway's own.</summary>
    public required ILiveFigures Figures { get; init; }

    /// <summary>The gateway's life: one up at each start.</summary>
    public required long Epoch { get; init; }

    /// <summary>The clock of budgets, flights, hours, caps and leases; it never goes back.</summary>
    public required TimeProvider BusinessClock { get; init; }

    /// <summary>Real time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What becomes of background work.</summary>
    public BackgroundHealth Background { get; init; } = new();
}
