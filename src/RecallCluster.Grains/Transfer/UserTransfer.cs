using System.Text.Json;
using RecallCluster.Grains.Machines;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Transfer;

/// <summary>Users one at a time, as a cluster has them, and in the partitions of a state file.</summary>
internal static class UserTransfer
{
    /// <summary>A state as a machine's snapshot.</summary>
    public static byte[] Write(UserPartitionState state) =>
        JsonSerializer.SerializeToUtf8Bytes(state, ServingJson.Default.UserPartitionState);

    /// <summary>Joins users into the partitions that they belong to; who was seen longest ago comes first.</summary>
    /// <param name="users">The users' machines, by key.</param>
    public static IEnumerable<(string Key, byte[] State)> Join(IEnumerable<(string Key, byte[] State)> users)
    {
        var partitions = new Dictionary<string, UserPartitionState>(StringComparer.Ordinal);
        foreach ((string key, byte[] state) in users)
        {
            UserPartitionState one = SnapshotSections.ReadJson(state, ServingJson.Default.UserPartitionState, $"The snapshot of {key}");
            MachineKeys.TryRead(key, MachineKeys.Users, out string user);
            string partition = UserMemories.KeyOf(user);
            if (!partitions.TryGetValue(partition, out UserPartitionState? all))
                partitions[partition] = all = new UserPartitionState([], [], []);
            all.Users.AddRange(one.Users);
            all.Refused.AddRange(one.Refused);
            all.Erased!.AddRange(one.Erased ?? []);
        }
        return partitions.Select(partition => (partition.Key, Write(partition.Value with
        {
            Users = [.. partition.Value.Users.OrderBy(user => user.Exposures.Length == 0 ? default : user.Exposures[^1].At)],
        })));
    }
}
