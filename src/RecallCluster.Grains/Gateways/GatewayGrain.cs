using System.Text.Json;
using Orleans.Concurrency;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving;
using RecallCluster.Serving.Live;
using RecallCluster.Wire.Gateways;
using RecallCluster.Wire.Http;

namespace RecallCluster.Grains.Gateways;

/// <summary>Asks this silo's gateway, on the pool rather than on a grain's turn.</summary>
[StatelessWorker, Reentrant]
internal sealed class GatewayGrain(OpenGateway open) : Grain, IGatewayGrain
{
    public async Task<GatewayReply?> AnswerAsync(GatewayRequestMessage request)
    {
        if (open.Services?.Gateway is not { IsReady: true } gateway)
            return null;
        try
        {
            AdRequest asked = GatewayWire.ToRequest(request);
            return new GatewayReply
            {
                Answer = GatewayWire.ToWire(
                    await Task.Run(() => gateway.AnswerAsync(asked, CancellationToken.None)).ConfigureAwait(true)),
            };
        }
        catch (InvalidRequestException e)
        {
            return new GatewayReply { RefusedField = e.Field, Refusal = e.Reason };
        }
    }

    public async Task<CandidatesReply?> CandidatesAsync(CandidatesRequestMessage request)
    {
        if (open.Services?.Retriever is not { IsReady: true } retriever)
            return null;
        try
        {
            RetrievalRequest asked = GatewayWire.ToRequest(request);
            return new CandidatesReply
            {
                Answer = GatewayWire.ToWire(
                    await Task.Run(() => retriever.AnswerAsync(asked, CancellationToken.None)).ConfigureAwait(true)),
            };
        }
        catch (InvalidRequestException e)
        {
            return new CandidatesReply { RefusedField = e.Field, Refusal = e.Reason };
        }
    }

    public Task<GatewayStatusMessage> StatusAsync()
    {
        GatewayServices? services = open.Services;
        RetrieverSummary? summary = services?.Retriever.Summary;
        return Task.FromResult(new GatewayStatusMessage(
            services?.Gateway is { IsReady: true } && summary is not null, summary?.Version, summary?.Shards ?? 0, summary?.Ads ?? 0));
    }

    public async Task<byte[]?> LiveAsync()
    {
        if (open.Services?.Live is not { } live)
            return null;
        LiveSnapshot snapshot = await Task.Run(() => live.SnapshotAsync(CancellationToken.None).AsTask()).ConfigureAwait(true);
        return JsonSerializer.SerializeToUtf8Bytes(snapshot, LiveSnapshotJson.Type);
    }
}
