using Orleans.CodeGeneration;

namespace RecallCluster.Grains.Contracts;

/// <summary>A gateway's number and life.</summary>
/// <param name="Number">Its number, the same in each of its lives.</param>
/// <param name="Epoch">Its life, one up at each start.</param>
[GenerateSerializer, Immutable, Alias("recall.gateway-identity")]
public readonly record struct GatewayIdentity([property: Id(0)] int Number, [property: Id(1)] long Epoch);

/// <summary>Numbers the gateways, by name, for good. Key: 0.</summary>
[Alias("recall.gateway-registry"), Version(1)]
public interface IGatewayRegistryGrain : IGrainWithIntegerKey
{
    /// <summary>Begins a new life of the gateway of that name; durable when this completes.</summary>
    [Alias("Begin")]
    Task<GatewayIdentity> BeginAsync(string name);
}
