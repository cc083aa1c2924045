using System.Text;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Users;

/// <summary>
/// The user store: partitions of users, each a machine of the journal. Clicks and impressions reach it with the feedback that campaigns
/// applied; reads
/// take no lock and never wait for the writer.
/// </summary>
public sealed class UserMemories : IUserStore
{
    /// <summary>Number of partitions. Part of the file's format: a user's partition follows from its id.</summary>
    public const int Partitions = 256;

    /// <summary>What keys of partitions begin with.</summary>
    internal const string Prefix = "users/";

    private readonly UserPartition[] _partitions = new UserPartition[Partitions];
    private IJournal? _journal;

    /// <summary>An empty store, whose machines are added to those that the journal will be opened with.</summary>
    internal UserMemories(StateMachines machines, MachineFactory factory)
    {
        for (int i = 0; i < Partitions; i++)
        {
            _partitions[i] = factory.UsersOf(KeyOf(i), (factory.Users.MaxUsers + Partitions - 1) / Partitions);
            machines.Add(KeyOf(i), _partitions[i]);
        }
    }

    /// <summary>Users remembered.</summary>
    public int Count => _partitions.Sum(partition => partition.Count);

    /// <summary>Takes the journal that was opened with this store's machines; before that the store can only be read.</summary>
    public void Attach(IJournal journal) => _journal = journal;

    /// <inheritdoc/>
    public ValueTask<UserMemory?> FindAsync(string userId, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(userId);
        return ValueTask.FromResult(PartitionOf(userId).MemoryOf(userId));
    }

    /// <summary>What is remembered of a user; null when nothing is, also of one who was erased.</summary>
    public UserMemory? Find(string userId)
    {
        ArgumentException.ThrowIfNullOrEmpty(userId);
        return PartitionOf(userId).Find(userId)?.ToMemory();
    }

    /// <summary>Whether a user was erased and has not consented since.</summary>
    public bool IsErased(string userId)
    {
        ArgumentException.ThrowIfNullOrEmpty(userId);
        return PartitionOf(userId).IsErased(userId);
    }

    /// <summary>Whether a user may see a campaign under all of its rules. Impressions count once their event was acknowledged.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="campaign">The campaign.</param>
    /// <param name="rules">Its frequency rules.</param>
    /// <param name="now">The business clock.</param>
    public bool Allows(string userId, long campaign, IReadOnlyList<FrequencyRule> rules, DateTimeOffset now)
    {
        ArgumentException.ThrowIfNullOrEmpty(userId);
        ArgumentNullException.ThrowIfNull(rules);
        return rules.Count == 0 || PartitionOf(userId).Find(userId) is not { } known || known.Allows(campaign, rules, now);
    }

    /// <summary>A user's impressions that caps count, oldest first.</summary>
    public IReadOnlyList<Exposure> ExposuresOf(string userId) => PartitionOf(userId).Find(userId)?.Exposures ?? [];

    /// <inheritdoc/>
    /// <exception cref="IOException">It could not be made durable; nothing has changed.</exception>
    public async Task SetConsentAsync(string userId, bool mayPersonalise, CancellationToken cancellation)
    {
        await SendAsync(new ConsentCommand(userId, mayPersonalise), cancellation).ConfigureAwait(false);
        if (!mayPersonalise)
            await Journal.SnapshotAsync(KeyOf(IndexOf(userId)), cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The user's partition is written anew before the task completes, so that no snapshot holds the user any more. Events in the journal's
    /// tail
    /// are followed by the erasure there, and go when the tail is cut.
    /// </remarks>
    /// <exception cref="IOException">It could not be made durable; ask again.</exception>
    public async Task<bool> EraseAsync(string userId, CancellationToken cancellation)
    {
        bool known = await SendAsync(new EraseCommand(userId), cancellation).ConfigureAwait(false);
        await Journal.SnapshotAsync(KeyOf(IndexOf(userId)), cancellation).ConfigureAwait(false);
        return known;
    }

    /// <summary>The machine that a user belongs to.</summary>
    internal static string KeyOf(string userId) => KeyOf(IndexOf(userId));

    private static string KeyOf(int partition) => $"{Prefix}{partition}";

    private static int IndexOf(string userId) => (int)(Crc32C.Of(Encoding.UTF8.GetBytes(userId)) % Partitions);

    private IJournal Journal => _journal ?? throw new InvalidOperationException("The user store has no journal yet.");

    private UserPartition PartitionOf(string userId) => _partitions[IndexOf(userId)];

    private async Task<bool> SendAsync(UserCommand command, CancellationToken cancellation)
    {
        byte[] payload = command.Write();
        return (bool)(await Journal.AppendAsync(KeyOf(command.UserId), payload, [], cancellation).ConfigureAwait(false))!;
    }
}
