using System.Diagnostics.CodeAnalysis;

namespace RecallCluster.Retrieval.Guided;

/// <summary>
/// Makes whole walks elsewhere than on the calling thread, such as on a device that holds graph and model. It serves some kinds of request
/// only; <see cref="GuidedSearch"/> serves all of them. Thread-safe.
/// </summary>
public interface IWalker
{
    /// <summary>Finds the best ads for a request, where it is of a kind that is served here.</summary>
    /// <param name="request">The request.</param>
    /// <param name="result">What <see cref="GuidedSearch.Search(in GuidedRequest)"/> would find, up to ties.</param>
    /// <returns>Whether it was served.</returns>
    /// <exception cref="ArgumentException">The request does not fit the model, or its K is not positive.</exception>
    bool TrySearch(in GuidedRequest request, [NotNullWhen(true)] out GuidedSearchResult? result);
}
