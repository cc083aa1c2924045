using RecallCluster.Data;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Grains.Shards;

/// <summary>What a gateway's data set says of users. Read once, whatever versions of model and index come and go.</summary>
internal sealed class KnownData
{
    private readonly Lazy<UserDirectory?> _users;

    /// <param name="node">The silo.</param>
    public KnownData(SiloNode node) =>
        _users = new(() => node.DataDirectory is { } directory ? new UserDirectory(DatasetDirectory.Read(directory)) : null);

    /// <summary>Users known by their ids; null for none.</summary>
    /// <exception cref="InvalidDataException">The data set is broken.</exception>
    /// <exception cref="IOException">A file of it is missing.</exception>
    public UserDirectory? Users => _users.Value;
}
