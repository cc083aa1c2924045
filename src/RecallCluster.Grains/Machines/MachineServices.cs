using System.Globalization;
using RecallCluster.Grains.Contracts;

namespace RecallCluster.Grains.Machines;

/// <summary>What grains that keep a machine share on one silo.</summary>
internal sealed class MachineServices(
    IMachineStore store, OpenMachines machines, MachineHostOptions options, TimeProvider time, IGrainFactory grains)
{
    /// <summary>Where machines are kept.</summary>
    public IMachineStore Store => store;

    /// <summary>The machines of this silo.</summary>
    public OpenMachines Machines => machines;

    /// <summary>How they are kept.</summary>
    public MachineHostOptions Options => options;

    /// <summary>Real time.</summary>
    public TimeProvider Time => time;

    /// <summary>Tells a follower, by its key.</summary>
    public TellFollower Tell => async (follower, source, records) =>
        await FollowerOf(follower).FollowAsync(source, [.. records]).ConfigureAwait(true);

    private IFollowerGrain FollowerOf(string key)
    {
        if (MachineKeys.TryRead(key, MachineKeys.Users, out string user))
            return grains.GetGrain<IUserGrain>(user);
        return MachineKeys.TryRead(key, MachineKeys.Counts, out string part)
            ? grains.GetGrain<ICalibrationCountsGrain>(part)
            : throw new InvalidDataException($"Nobody follows as '{key}'.");
    }
}

/// <summary>Keys of machines: what they are, a slash, which one.</summary>
internal static class MachineKeys
{
    public const string Campaigns = "campaign", Users = "user", Counts = "calibration", Book = "book", Catalogue = "catalogue",
        Registry = "gateways", Index = "index";

    public static string Of(string kind, string which) => $"{kind}/{which}";

    public static string Of(string kind, long which) => Of(kind, which.ToString(CultureInfo.InvariantCulture));

    public static bool TryRead(string key, string kind, out string which)
    {
        bool isOne = key.Length > kind.Length && key[kind.Length] == '/' && key.StartsWith(kind, StringComparison.Ordinal);
        which = isOne ? key[(kind.Length + 1)..] : "";
        return isOne;
    }
}
