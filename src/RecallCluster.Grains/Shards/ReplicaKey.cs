using System.Globalization;

namespace RecallCluster.Grains.Shards;

/// <summary>Which replica of which shard of which index; as a grain's key "index/shard/replica".</summary>
internal readonly record struct ReplicaKey(string Index, int Shard, int Replica)
{
    /// <exception cref="FormatException">It is no such key.</exception>
    public static ReplicaKey Read(string key)
    {
        string[] parts = key.Split('/');
        return parts.Length == 3
            ? new ReplicaKey(
                parts[0], int.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture),
                int.Parse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture))
            : throw new FormatException($"'{key}' is no key of a shard's replica.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Shard}/{Replica}");
}
