using Orleans.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Membership;

/// <summary>Where Redis keeps the members. Both keys share a hash slot, so that one script can see them.</summary>
internal static class MembershipKeys
{
    /// <summary>Field of the table that holds its version, as the clustering provider has it.</summary>
    public const string VersionField = "Version";

    /// <summary>The table: a hash.</summary>
    public static RedisKey Table(ClusterOptions cluster) => $"{{{cluster.ServiceId}/members/{cluster.ClusterId}}}";

    /// <summary>The table's life: a name that is lost with the table.</summary>
    public static RedisKey Life(ClusterOptions cluster) => $"{{{cluster.ServiceId}/members/{cluster.ClusterId}}}/life";
}
