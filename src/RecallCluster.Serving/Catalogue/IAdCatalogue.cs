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

    /// <summary>
    /// Adds an ad or replaces it. One that the running index does not know is found by its <see cref="Ad.Features"/>; without them it
    /// waits for an index that does.
    /// </summary>
    /// <exception cref="InvalidRequestException">
    /// The ad makes no sense, its campaign is not there, or its features are not the model's.
    /// </exception>
    /// <exception cref="NewAds.NewAdsFullException">There are as many ads already that the index does not know as there may be.</exception>
    /// <exception cref="IOException">It could not be made durable, and nothing has changed.</exception>
    Task PutAsync(Ad ad, CancellationToken cancellation);

    /// <summary>How the search of the running version stands to an ad.</summary>
    AdStanding StandingOf(string id);

    /// <summary>Takes an ad away.</summary>
    /// <returns>Whether it was there.</returns>
    Task<bool> RemoveAsync(string id, CancellationToken cancellation);
}

/// <summary>How the search of the running version stands to an ad.</summary>
public enum AdStanding
{
    /// <summary>It does not know it: the ad is not found.</summary>
    Unknown,

    /// <summary>The index holds it.</summary>
    Indexed,

    /// <summary>The index does not hold it; it was put in live, by its features.</summary>
    Added,
}
