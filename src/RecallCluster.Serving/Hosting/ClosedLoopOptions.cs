using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Hosting;

/// <summary>What a <see cref="ClosedLoop"/> sells and how it is run.</summary>
public sealed record ClosedLoopOptions : GatewayLoopOptions
{
    /// <summary>Directory with campaigns and ads (<see cref="Catalogue.AdsDirectory"/>).</summary>
    public required string MarketDirectory { get; init; }

    /// <summary>File of the durable state; made where it is not there.</summary>
    public required string StateFile { get; init; }

    /// <summary>
    /// The clock of budgets, flights, ticks, caps and leases; when it goes back, they stand still until it has caught up.
    /// </summary>
    public TimeProvider BusinessClock { get; init; } = TimeProvider.System;

    /// <summary>The state's options.</summary>
    public ServingStateOptions State { get; init; } = new();
}
