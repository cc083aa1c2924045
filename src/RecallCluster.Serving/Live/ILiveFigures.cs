using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Live;

/// <summary>What a live view shows that is not its gateway's own: of this process, or of many. Thread-safe.</summary>
internal interface ILiveFigures
{
    /// <summary>Campaigns with the highest spend of today.</summary>
    ValueTask<IReadOnlyList<CampaignView>> TopAsync(int count, CancellationToken cancellation);

    /// <summary>Money and events.</summary>
    ValueTask<LiveMarket> MarketAsync(CancellationToken cancellation);

    /// <summary>Whether probabilities mean what they say.</summary>
    ValueTask<LiveCalibration> CalibrationAsync(CancellationToken cancellation);
}

/// <summary>The figures of the state of this process.</summary>
internal sealed class StateFigures(ServingState state) : ILiveFigures
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CampaignView>> TopAsync(int count, CancellationToken cancellation) =>
        await state.Campaigns.TopAsync(count, cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<LiveMarket> MarketAsync(CancellationToken cancellation) => ValueTask.FromResult(LiveMarket.Of(state.Feedback.Tally));

    /// <inheritdoc/>
    public ValueTask<LiveCalibration> CalibrationAsync(CancellationToken cancellation) => ValueTask.FromResult(state.Calibrator.Live);
}
