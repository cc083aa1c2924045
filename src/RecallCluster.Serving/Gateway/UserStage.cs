using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Gateway;

/// <summary>What one request may use of its user.</summary>
/// <param name="Id">The user, for events and caps; null where there is none or it may not be used.</param>
/// <param name="Features">What the model sees.</param>
/// <param name="Exposures">What the user saw lately or may be about to see, for caps.</param>
internal readonly record struct RequestUser(string? Id, UserFeatures Features, IReadOnlyList<Exposure> Exposures)
{
    /// <summary>Those of the exposures that were told of when the request looked the user up.</summary>
    public IReadOnlyList<Exposure> Told { get; init; } = [];

    /// <summary>The <see cref="UnacknowledgedWins.MarkOf"/> from before that: what was told of later may be missing.</summary>
    public long Mark { get; init; }
}

/// <summary>
/// Looks the user up, once in a request: what happened live goes behind what the request or the data set says. Without consent, the
/// request's or the user's own, nothing of the user is used and nothing is remembered: the ads are chosen by context alone.
/// </summary>
internal sealed class UserStage(IUserStore? store, UnacknowledgedWins pending)
{
    private static readonly RequestUser Nobody = new(null, new UserFeatures(), []);

    /// <param name="request">The request.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Nobody waits for the answer any more.</param>
    public async ValueTask<RequestUser> OfAsync(AdRequest request, DateTimeOffset now, CancellationToken cancellation)
    {
        if (!request.MayPersonalise)
            return Nobody;
        UserFeatures features = request.User;
        if (features.Id is not { } id)
            return new RequestUser(null, features, []);
        long mark = pending.MarkOf(id);
        UserMemory? memory = store is null ? null : await store.FindAsync(id, request.Deadline, cancellation).ConfigureAwait(false);
        if (memory is { MayBeUsed: false })
            return Nobody;
        // A sequence that the request brings is the caller's own view of all that happened.
        if (features.Sequence is null && memory is { Sequence.Count: > 0 })
            features = features with { Recent = memory.Sequence };
        IReadOnlyList<Exposure> told = memory?.Exposures ?? [];
        return new RequestUser(id, features, pending.With(id, told, now)) { Told = told, Mark = mark };
    }
}
