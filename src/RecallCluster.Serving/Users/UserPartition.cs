using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Users;

/// <summary>
/// A part of all users. It follows the feedback that campaigns applied; its writer is the journal's, its readers are any. Who was touched
/// longest ago
/// goes when there are too many; who refused goes last of all, or the refusal would be forgotten.
/// </summary>
internal sealed class UserPartition(string key, int capacity, UserStoreOptions options) : IStateMachine
{
    private readonly ConcurrentDictionary<string, UserRecord> _users = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _tombstones = new(StringComparer.Ordinal);
    private readonly TouchOrder _known = new(), _refused = new(), _erased = new();
    private readonly int _mostErased = (options.MaxErased + UserMemories.Partitions - 1) / UserMemories.Partitions;

    public int Count => _users.Count;

    public UserRecord? Find(string user) => _users.GetValueOrDefault(user);

    /// <summary>What a request may know of a user; null when nothing is known. On any thread.</summary>
    public UserMemory? MemoryOf(string user) => Find(user)?.ToMemory() ?? (IsErased(user) ? UserMemory.Erased : null);

    /// <summary>Whether a user was erased and has not consented since.</summary>
    public bool IsErased(string user) => !_tombstones.IsEmpty && _tombstones.ContainsKey(HashOf(user));

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        UserCommand command = record.Read(ServingJson.Default.UserCommand);
        return command switch
        {
            ConsentCommand { MayPersonalise: false } => Refuse(command.UserId),
            ConsentCommand => Consent(command.UserId),
            EraseCommand => new Applied(Erase(command.UserId)),
            _ => throw new InvalidDataException($"Journal record {record.Sequence}: {key} knows no {command.GetType().Name}."),
        };
    }

    /// <inheritdoc/>
    public void Follow(JournalRecord record, byte verdict)
    {
        if (verdict != 0 || record.Read(ServingJson.Default.CampaignCommand) is not EventCommand { Event: var happened } command
            || happened.Win.UserId is not { } user)
            return;
        UserRecord known = _users.GetValueOrDefault(user) ?? UserRecord.Unknown(user);
        if (known.Consent == false || IsErased(user))
            return;
        if (happened.Kind == AdEventKind.Click)
            Remember(known.WithClick(happened.Win.AdId, options.LongestSequence));
        else if (happened.Kind == AdEventKind.Impression)
            Remember(known.WithExposure(new Exposure(happened.Win.CampaignId, happened.Win.AuctionAt), command.At - options.CapHorizon,
                options.MostExposures));
    }

    /// <inheritdoc/>
    public byte[] Snapshot() => JsonSerializer.SerializeToUtf8Bytes(
        new UserPartitionState([.. _known.OldestFirst.Select(user => _users[user])], [.. _refused.OldestFirst], [.. _erased.OldestFirst]),
            ServingJson.Default.UserPartitionState);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        UserPartitionState state = SnapshotSections.ReadJson(snapshot, ServingJson.Default.UserPartitionState, $"The snapshot of {key}");
        foreach (UserRecord user in state.Users)
            Remember(user);
        foreach (string user in state.Refused)
            Refuse(user);
        foreach (string hash in state.Erased ?? [])
            Bury(hash);
    }

    // An id is not kept of who wants to be forgotten: half of its SHA-256 tells them apart well enough.
    private static string HashOf(string user)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(user), hash);
        return Convert.ToHexStringLower(hash[..(SHA256.HashSizeInBytes / 2)]);
    }

    private bool Erase(string user)
    {
        bool isNew = !IsErased(user);
        Bury(HashOf(user));
        return Forget(user) || isNew;
    }

    private void Bury(string hash)
    {
        _tombstones[hash] = true;
        _erased.Touch(hash);
        while (_erased.Count > _mostErased)
            _tombstones.TryRemove(_erased.RemoveOldest(), out _);
    }

    private Applied Refuse(string user)
    {
        Forget(user);
        _users[user] = UserRecord.Unknown(user) with { Consent = false };
        _refused.Touch(user);
        MakeRoom();
        return new Applied(true);
    }

    private Applied Consent(string user)
    {
        UserRecord known = _users.GetValueOrDefault(user) ?? UserRecord.Unknown(user);
        _refused.Remove(user);
        string hash = HashOf(user);
        if (_erased.Remove(hash))
            _tombstones.TryRemove(hash, out _);
        Remember(known with { Consent = true });
        return new Applied(true);
    }

    private bool Forget(string user)
    {
        _known.Remove(user);
        _refused.Remove(user);
        return _users.TryRemove(user, out _);
    }

    private void Remember(UserRecord user)
    {
        _users[user.Id] = user;
        _known.Touch(user.Id);
        MakeRoom();
    }

    private void MakeRoom()
    {
        while (_known.Count + _refused.Count > capacity)
            _users.TryRemove(_known.Count > 0 ? _known.RemoveOldest() : _refused.RemoveOldest(), out _);
    }
}
