using System.Globalization;
using RecallCluster.Grains.Machines;
using RecallCluster.Serving.Calibration;

namespace RecallCluster.Grains.Calibration;

/// <summary>Which part of the counts a campaign belongs to.</summary>
internal static class CountsKeys
{
    /// <summary>Keys of the grains of all parts.</summary>
    public static IEnumerable<string> Parts => Enumerable.Range(0, CalibrationCountsFamily.Shards).Select(Part);

    /// <summary>Key of the machine that counts a campaign.</summary>
    public static string Of(long campaign) => MachineKeys.Of(MachineKeys.Counts, PartOf(campaign));

    /// <summary>Key of the grain that counts a campaign.</summary>
    public static string PartOf(long campaign) => Part(CalibrationCountsFamily.ShardOf(campaign));

    private static string Part(int part) => part.ToString(CultureInfo.InvariantCulture);
}
