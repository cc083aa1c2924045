using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Orleans.Metadata;
using RecallCluster.Grains.Hosting;

namespace RecallCluster.Grains.Placement;

/// <summary>
/// The grains that live on this silo although it lacks their role: no silo had it when they were placed. Thread-safe.
/// </summary>
internal sealed class MisplacedGrains(SiloNode node) : IConfigureGrainContextProvider
{
    private readonly ConcurrentDictionary<IGrainContext, string> _roles = new();

    /// <summary>The grains by the role that they belong to.</summary>
    public ILookup<string, IGrainContext> ByRole => _roles.ToLookup(grain => grain.Value, grain => grain.Key);

    /// <inheritdoc/>
    public bool TryGetConfigurator(
        GrainType grainType, GrainProperties properties, [NotNullWhen(true)] out IConfigureGrainContext? configurator)
    {
        bool isMisplaced = properties.Properties.TryGetValue(RolePlacement.RoleProperty, out string? role) && !node.Has(role);
        configurator = isMisplaced ? new Note(this, role!) : null;
        return isMisplaced;
    }

    private async Task ForgetAsync(IGrainContext grain)
    {
        await grain.Deactivated.ConfigureAwait(false);
        _roles.TryRemove(grain, out _);
    }

    /// <summary>Takes note of grains of a type.</summary>
    private sealed class Note(MisplacedGrains all, string role) : IConfigureGrainContext
    {
        public void Configure(IGrainContext context)
        {
            all._roles[context] = role;
            _ = all.ForgetAsync(context);
        }
    }
}
