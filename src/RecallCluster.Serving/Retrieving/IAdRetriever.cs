namespace RecallCluster.Serving;

/// <summary>Finds ads, here or elsewhere. Thread-safe.</summary>
public interface IAdRetriever
{
    /// <summary>Whether requests can be answered.</summary>
    bool IsReady { get; }

    /// <summary>What new requests are answered with; null until there is a version, and after the end.</summary>
    RetrieverSummary? Summary { get; }

    /// <summary>Answers one request.</summary>
    /// <exception cref="InvalidRequestException">The request makes no sense; the message names the field.</exception>
    /// <exception cref="InvalidOperationException">There is nothing to answer with yet.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    Task<RetrievalAnswer> AnswerAsync(RetrievalRequest request, CancellationToken cancellation);
}
