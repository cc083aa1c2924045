using Orleans.Runtime.MembershipService.SiloMetadata;

namespace RecallCluster.Grains.Placement;

/// <summary>What silos do: a part of their configuration that travels as silo metadata, a comma-separated list under <see cref="Key"/>.</summary>
public static class SiloRoles
{
    /// <summary>Key of the silo metadata.</summary>
    public const string Key = "recall.roles";

    /// <summary>Key of the silo metadata that says how many bytes of shards a silo has room for.</summary>
    public const string ShardBytesKey = "recall.shard-bytes";

    /// <summary>Answers requests.</summary>
    public const string Gateway = "gateway";

    /// <summary>Holds shards.</summary>
    public const string Retrieval = "retrieval";

    /// <summary>Holds campaigns, users, counts.</summary>
    public const string Control = "control";

    /// <summary>Has an accelerator for shards.</summary>
    public const string Gpu = "gpu";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Gateway, Retrieval, Control, Gpu];

    /// <summary>Whether a silo has a role.</summary>
    internal static bool Has(this SiloMetadata silo, string role) =>
        silo.Metadata.TryGetValue(Key, out string? roles) && roles.Split(',').Contains(role);
}
