using RecallCluster.Serving.Devices;

namespace RecallCluster.Grains.Hosting;

/// <summary>What one silo is: set by its configuration, read by whatever runs on it.</summary>
public sealed record SiloNode
{
    /// <summary>Its name, the same in each of its lives.</summary>
    public required string Name { get; init; }

    /// <summary>The cluster that it belongs to; keys of what is stored begin with it.</summary>
    public required string Cluster { get; init; }

    /// <summary>What it does, of <see cref="SiloRoles"/>.</summary>
    public required IReadOnlySet<string> Roles { get; init; }

    /// <summary>The market: ads and campaigns; null where it is not configured.</summary>
    public string? MarketDirectory { get; init; }

    /// <summary>The model; null where it is not configured.</summary>
    public string? ModelDirectory { get; init; }

    /// <summary>The index; null where it is not configured.</summary>
    public string? IndexDirectory { get; init; }

    /// <summary>Directory of further versions of model and index, each with both; null for none.</summary>
    public string? VersionsDirectory { get; init; }

    /// <summary>The data set whose users are known by their ids; null for none.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>
    /// How long a request waits for what is known of its user, and never longer than a quarter of its deadline; then it is answered as if
    /// the user had refused, and without caps. Longer: fewer such answers while a silo is being replaced; shorter: those answers come
    /// sooner.
    /// </summary>
    public TimeSpan UserPatience { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How long a door waits for a campaign that an event is for; then the event goes to the stream and is accepted without an outcome.
    /// </summary>
    public TimeSpan FeedbackPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Replicas of each shard, when this silo is the first to roll its index out.</summary>
    public int Replicas { get; init; } = 2;

    /// <summary>Most bytes that shards may take on it.</summary>
    public required long ShardMemory { get; init; }

    /// <summary>
    /// Searches of its shards that run at once; those beyond it wait in order, as long as their deadlines allow. They share the process'
    /// threads with the turns of grains and the answers to other silos' probes. More: those wait longer under load; fewer: processors stay
    /// idle. From the first version on a device it is at least what fills the device's batches.
    /// </summary>
    public int Searches { get; init; } = Environment.ProcessorCount;

    /// <summary>The device that its shards score on; null for the processor. Not on a silo with a front door.</summary>
    public DeviceOptions? Device { get; init; }

    /// <summary>Where its front door can be reached; null where it has none.</summary>
    public Uri? Door { get; init; }

    /// <summary>Whether it has a role.</summary>
    public bool Has(string role) => Roles.Contains(role);
}

/// <summary>What silos do, and how a silo tells the others of itself.</summary>
public static class SiloRoles
{
    /// <summary>Answers requests for ads: gateway and front door.</summary>
    public const string Gateway = "gateway";

    /// <summary>Holds shards.</summary>
    public const string Retrieval = "retrieval";

    /// <summary>Holds campaigns, users, calibration and the bid book.</summary>
    public const string Control = "control";

    /// <summary>Has a device that shards may score on.</summary>
    public const string Gpu = "gpu";

    /// <summary>Is a front door and no silo: a client of the cluster, whose gateways answer for it. It stands alone.</summary>
    public const string Door = "door";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Gateway, Retrieval, Control, Gpu, Door];

    /// <summary>Key of a silo's metadata: its name.</summary>
    public const string NameKey = "recall.name";

    /// <summary>Key of a silo's metadata: the most bytes that shards may take, as decimal digits.</summary>
    public const string MemoryKey = "recall.shard-memory";

    /// <summary>Key of a silo's metadata that is there, with the value "true", where the silo has the role.</summary>
    public static string KeyOf(string role) => "recall.role." + role;

    /// <summary>What a silo tells the others.</summary>
    public static Dictionary<string, string> MetadataOf(SiloNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var metadata = node.Roles.ToDictionary(KeyOf, _ => "true", StringComparer.Ordinal);
        metadata[NameKey] = node.Name;
        metadata[MemoryKey] = node.ShardMemory.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return metadata;
    }
}
