using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Gateway;

/// <summary>What one request may use of its user.</summary>
/// <param name="Id">The user, for events and caps; null where there is none or it may not be used.</param>
/// <param name="Features">What the model sees.</param>
/// <param name="Exposures">What the user saw lately, for caps.</param>
internal readonly record struct RequestUser(string? Id, UserFeatures Features, IReadOnlyList<Exposure> Exposures);

/// <summary>
/// Looks the user up: what happened live goes behind what the request or the data set says. Without consent, the request's or the user's
/// own, nothing of the user is used and nothing is remembered: the ads are chosen by context alone.
/// </summary>
internal sealed class UserStage(IUserStore? store, UnacknowledgedWins pending)
{
    private static readonly RequestUser Nobody = new(null, new UserFeatures(), []);

    /// <param name="request">The request.</param>
    /// <param name="now">The business clock.</param>
    public RequestUser Of(AdRequest request, DateTimeOffset now)
    {
        if (!request.MayPersonalise)
            return Nobody;
        UserFeatures features = request.User;
        if (features.Id is not { } id || store is null)
            return new RequestUser(features.Id, features, features.Id is null ? [] : pending.With(features.Id, [], now));
        if (store.Find(id) is not { } memory)
            return store.IsErased(id) ? Nobody : new RequestUser(id, features, pending.With(id, [], now));
        if (memory.Consent == false)
            return Nobody;
        // A sequence that the request brings is the caller's own view of all that happened.
        if (features.Sequence is null && memory.Sequence.Count > 0)
            features = features with { Recent = memory.Sequence };
        return new RequestUser(id, features, pending.With(id, memory.Exposures, now));
    }
}
