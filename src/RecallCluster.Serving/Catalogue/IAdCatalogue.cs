namespace RecallCluster.Serving.Catalogue;

/// <summary>
/// All ads of the running version and their live changes. Lookups are lock-free; changes are durable before they return and are seen by
/// requests that begin after that.
/// </summary>
public interface IAdCatalogue
{
    /// <summary>The ad of an id.</summary>
    bool TryGet(string id, out Ad? ad);

    /// <summary>Number of ads.</summary>
    long Count { get; }

    /// <summary>Adds an ad or replaces it. A new one can be shown at once where the model can make its record (it is in the model's data set).</summary>
    /// <exception cref="InvalidRequestException">The ad makes no sense, or its campaign is not there.</exception>
    Task PutAsync(Ad ad, CancellationToken cancellation);

    /// <summary>Takes an ad away.</summary>
    /// <returns>Whether it was there.</returns>
    Task<bool> RemoveAsync(string id, CancellationToken cancellation);
}
