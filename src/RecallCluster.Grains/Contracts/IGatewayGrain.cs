using Orleans.CodeGeneration;
using RecallCluster.Wire.Gateways;
using RecallCluster.Wire.Http;

namespace RecallCluster.Grains.Contracts;

/// <summary>
/// A gateway, for doors in processes of their own: many at a time, on every silo that such a door can connect to. It keeps nothing: it asks
/// the gateway of the silo that it is on. Key: any.
/// </summary>
[Alias("recall.gateway"), Version(1)]
public interface IGatewayGrain : IGrainWithIntegerKey
{
    /// <summary>Answers a request for ads.</summary>
    /// <returns>The answer; null where this silo's gateway is not open.</returns>
    [Alias("Answer")]
    Task<GatewayReply?> AnswerAsync(GatewayRequestMessage request);

    /// <summary>Finds candidates.</summary>
    /// <returns>The answer; null where this silo's gateway is not open.</returns>
    [Alias("Candidates")]
    Task<CandidatesReply?> CandidatesAsync(CandidatesRequestMessage request);

    /// <summary>How this silo's gateway stands.</summary>
    [Alias("Status")]
    Task<GatewayStatusMessage> StatusAsync();

    /// <summary>What is going on around this silo's gateway, as JSON; null where it is not open.</summary>
    [Alias("Live")]
    Task<byte[]?> LiveAsync();
}
