using System.Collections.Concurrent;
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
    private readonly TouchOrder _known = new(), _refused = new();

    public int Count => _users.Count;

    public UserRecord? Find(string user) => _users.GetValueOrDefault(user);

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        UserCommand command = record.Read(ServingJson.Default.UserCommand);
        return command switch
        {
            ConsentCommand { MayPersonalise: false } => Refuse(command.UserId),
            ConsentCommand => Consent(command.UserId),
            EraseCommand => new Applied(Forget(command.UserId)),
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
        if (known.Consent == false)
            return;
        if (happened.Kind == AdEventKind.Click)
            Remember(known.WithClick(happened.Win.AdId, options.LongestSequence));
        else if (happened.Kind == AdEventKind.Impression)
            Remember(known.WithExposure(new Exposure(happened.Win.CampaignId, happened.Win.AuctionAt), command.At - options.CapHorizon,
                options.MostExposures));
    }

    /// <inheritdoc/>
    public byte[] Snapshot() => JsonSerializer.SerializeToUtf8Bytes(
        new UserPartitionState([.. _known.OldestFirst.Select(user => _users[user])], [.. _refused.OldestFirst]),
            ServingJson.Default.UserPartitionState);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        UserPartitionState state = SnapshotSections.ReadJson(snapshot, ServingJson.Default.UserPartitionState, $"The snapshot of {key}");
        foreach (UserRecord user in state.Users)
            Remember(user);
        foreach (string user in state.Refused)
            Refuse(user);
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
