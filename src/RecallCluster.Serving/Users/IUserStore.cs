using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Users;

/// <summary>What is remembered of users: live behaviour, what they saw, consent. Bounded and durable. Thread-safe.</summary>
public interface IUserStore
{
    /// <summary>
    /// What is known of a user; null when nothing is. A store of this process has the answer at once; one that has to ask others does so.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellation">Nobody waits for the answer any more.</param>
    ValueTask<UserMemory?> FindAsync(string userId, CancellationToken cancellation);

    /// <summary>The same for a request: a store that has to ask others waits for a part of the request's time only.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="within">Time that the whole request has; null for no limit.</param>
    /// <param name="cancellation">Nobody waits for the answer any more.</param>
    ValueTask<UserMemory?> FindAsync(string userId, TimeSpan? within, CancellationToken cancellation) => FindAsync(userId, cancellation);

    /// <summary>Records whether the user's data may be used; a withdrawal erases what is there.</summary>
    Task SetConsentAsync(string userId, bool mayPersonalise, CancellationToken cancellation);

    /// <summary>Erases a user, until consent is given; durable when the task completes.</summary>
    /// <returns>Whether this changed anything: false for a user who was erased before.</returns>
    Task<bool> EraseAsync(string userId, CancellationToken cancellation);
}

/// <summary>What is remembered of one user.</summary>
/// <param name="Sequence">Ads clicked, oldest first.</param>
/// <param name="Consent">Whether the data may be used; null when the user never said.</param>
public sealed record UserMemory(IReadOnlyList<string> Sequence, bool? Consent)
{
    /// <summary>Of a user who was erased and has said nothing since, that is all that is known.</summary>
    public static UserMemory Erased { get; } = new([], null) { IsErased = true };

    /// <summary>Impressions that still matter to a cap, oldest first.</summary>
    public IReadOnlyList<Exposure> Exposures { get; init; } = [];

    /// <summary>
    /// Whether the user was erased and has said nothing since: nothing may be used of what is known elsewhere either, such as in the data
    /// set.
    /// </summary>
    public bool IsErased { get; init; }

    /// <summary>Whether anything that is known of the user may be used: neither erased nor refused.</summary>
    public bool MayBeUsed => !IsErased && Consent != false;
}
