using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;
using RecallCluster.Grains.Hosting;

namespace RecallCluster.Grains.Placement;

/// <summary>Places a grain on a silo of one role, drawn at random; on any silo where none has the role.</summary>
[GenerateSerializer, Immutable, Alias("recall.role-placement")]
internal sealed class RolePlacement : PlacementStrategy
{
    /// <summary>Where a type of grains says its role.</summary>
    internal const string RoleProperty = "recall.role";

    public RolePlacement()
        : this(SiloRoles.Control)
    {
    }

    public RolePlacement(string role) => Role = role;

    /// <summary>The role.</summary>
    [Id(0)]
    public string Role { get; private set; }

    public override void Initialize(GrainProperties properties)
    {
        base.Initialize(properties);
        if (properties.Properties.TryGetValue(RoleProperty, out string? role))
            Role = role;
    }

    public override void PopulateGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        base.PopulateGrainProperties(services, grainClass, grainType, properties);
        properties[RoleProperty] = Role;
    }
}

/// <summary>Says that a grain belongs on silos of a role.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RolePlacementAttribute(string role) : PlacementAttribute(new RolePlacement(role));

/// <summary>Draws a silo of the role.</summary>
internal sealed class RolePlacementDirector(ISiloMetadataCache silos) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] all = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, all) is { } hint)
            return Task.FromResult(hint);
        string role = ((RolePlacement)strategy).Role;
        SiloAddress[] able = Array.FindAll(all, silo => silos.GetSiloMetadata(silo).Has(role));
        SiloAddress[] among = able.Length > 0 ? able : all;
        return Task.FromResult(among[Random.Shared.Next(among.Length)]);
    }
}

/// <summary>What silos tell of themselves.</summary>
internal static class SiloMetadataExtensions
{
    /// <summary>Whether the silo has a role, as far as is known here.</summary>
    public static bool Has(this SiloMetadata silo, string role) => silo.Metadata.ContainsKey(SiloRoles.KeyOf(role));
}
