using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Contracts;

namespace RecallCluster.Grains.Machines;

/// <summary>What grains that keep a machine share on one silo.</summary>
internal sealed partial class MachineServices(
    IMachineStore store, OpenMachines machines, MachineHostOptions options, TimeProvider time, IGrainFactory grains,
    ILogger<MachineServices> logger)
{
    private readonly ConcurrentDictionary<string, string> _refused = new(StringComparer.Ordinal);

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

    /// <summary>
    /// What is stored of a machine cannot be read here: every attempt is counted, and each reason is said once, since whoever wants the
    /// machine tries again and again.
    /// </summary>
    public void Refused(string key, InvalidDataException why)
    {
        Telemetry.MachineRefused(key);
        if (_refused.TryGetValue(key, out string? known) && known == why.Message)
            return;
        _refused[key] = why.Message;
        LogRefused(logger, key, why.Message);
    }

    /// <summary>A machine is open: should it be refused again, that is news.</summary>
    public void Opened(string key) => _refused.TryRemove(key, out _);

    private IFollowerGrain FollowerOf(string key)
    {
        if (MachineKeys.TryRead(key, MachineKeys.Users, out string user))
            return grains.GetGrain<IUserGrain>(user);
        if (MachineKeys.TryRead(key, MachineKeys.Experiments, out string experiment))
            return grains.GetGrain<IExperimentGrain>(experiment);
        return MachineKeys.TryRead(key, MachineKeys.Counts, out string part)
            ? grains.GetGrain<ICalibrationCountsGrain>(part)
            : throw new InvalidDataException($"Nobody follows as '{key}'.");
    }

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Machine {Key} is not opened here, and stays in the store as it is: {Problem}")]
    private static partial void LogRefused(ILogger logger, string key, string problem);
}

/// <summary>Keys of machines: what they are, a slash, which one.</summary>
internal static class MachineKeys
{
    public const string Campaigns = "campaign", Users = "user", Counts = "calibration", Book = "book", Catalogue = "catalogue",
        Registry = "gateways", Index = "index", Experiments = "experiment", ExperimentList = "experiments",
        Rollouts = "rollout";

    public static string Of(string kind, string which) => $"{kind}/{which}";

    public static string Of(string kind, long which) => Of(kind, which.ToString(CultureInfo.InvariantCulture));

    public static bool TryRead(string key, string kind, out string which)
    {
        bool isOne = key.Length > kind.Length && key[kind.Length] == '/' && key.StartsWith(kind, StringComparison.Ordinal);
        which = isOne ? key[(kind.Length + 1)..] : "";
        return isOne;
    }
}
