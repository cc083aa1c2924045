using RecallCluster.Data;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// What a silo's data set says of users and of the labels of ads' fields. Read once, whatever versions of model and index come and go.
/// </summary>
internal sealed class KnownData
{
    private readonly Lazy<(UserDirectory? Users, IReadOnlyList<Field>? AdFields)> _read;

    /// <param name="node">The silo.</param>
    public KnownData(SiloNode node) => _read = new(() =>
    {
        if (node.DataDirectory is not { } directory)
            return (null, null);
        Dataset dataset = DatasetDirectory.Read(directory);
        return (new UserDirectory(dataset), dataset.Items.Fields);
    });

    /// <summary>Users known by their ids; null for none.</summary>
    /// <exception cref="InvalidDataException">The data set is broken.</exception>
    /// <exception cref="IOException">A file of it is missing.</exception>
    public UserDirectory? Users => _read.Value.Users;

    /// <summary>The ads' fields with their labels; null where codes alone are understood.</summary>
    /// <inheritdoc cref="Users" path="/exception"/>
    public IReadOnlyList<Field>? AdFields => _read.Value.AdFields;
}
