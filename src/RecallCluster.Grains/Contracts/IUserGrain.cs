using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Wire.Users;

namespace RecallCluster.Grains.Contracts;

/// <summary>What is remembered of one user. Key: the user's id. What it answers is durable.</summary>
[Alias("recall.user"), Version(1)]
public interface IUserGrain : IFollowerGrain
{
    /// <summary>What is known; null for nothing.</summary>
    [Alias("Find"), AlwaysInterleave]
    Task<UserMessage?> FindAsync();

    /// <summary>Records whether the user's data may be used; a withdrawal erases what is there.</summary>
    [Alias("Consent")]
    Task SetConsentAsync(bool mayPersonalise);

    /// <summary>Erases the user, until consent is given.</summary>
    /// <returns>Whether this changed anything.</returns>
    [Alias("Erase")]
    Task<bool> EraseAsync();
}
