namespace RecallCluster.Serving;

/// <summary>Answers requests for ads. Thread-safe.</summary>
public interface IAdGateway
{
    /// <summary>Whether requests can be answered: every local shard is loaded and there is a bid book.</summary>
    bool IsReady { get; }

    /// <summary>Answers one request.</summary>
    /// <exception cref="InvalidRequestException">The request makes no sense; the message names the field.</exception>
    /// <exception cref="InvalidOperationException">The gateway is not ready.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    Task<AdAnswer> AnswerAsync(AdRequest request, CancellationToken cancellation);
}
