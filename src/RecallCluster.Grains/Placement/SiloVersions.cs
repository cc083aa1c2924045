using System.Globalization;
using Orleans.Metadata;

namespace RecallCluster.Grains.Placement;

/// <summary>What versions of grains' interfaces silos have.</summary>
internal static class SiloVersions
{
    /// <summary>Whether a silo has an older version of an interface than this one; not where it is not known yet.</summary>
    public static bool IsOlder(this IClusterManifestProvider manifests, SiloAddress silo) =>
        manifests.Current.Silos.TryGetValue(silo, out GrainManifest? manifest)
        && manifests.LocalGrainManifest.Interfaces.Any(
            own => manifest.Interfaces.TryGetValue(own.Key, out GrainInterfaceProperties? other) && VersionOf(other) < VersionOf(own.Value));

    private static ushort VersionOf(GrainInterfaceProperties properties) =>
        properties.Properties.TryGetValue(WellKnownGrainInterfaceProperties.Version, out string? version)
            ? ushort.Parse(version, CultureInfo.InvariantCulture) : (ushort)0;
}
