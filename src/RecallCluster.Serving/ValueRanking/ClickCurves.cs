using System.Runtime.CompilerServices;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Serving.ValueRanking;

/// <summary>
/// Calibration maps as curves over the logit: the calibrated probability at every sixteenth of a logit from -32 to 32, straight lines in
/// between. A shard ranks thousands of ads a request with them, for the price of two loads each; against sigmoid and map the error is below
/// 0.1 % of the probability but at the jumps of a step map. What is bid and charged is computed exactly, by the gateway.
/// </summary>
internal static class ClickCurves
{
    /// <summary>The curves span logits from minus this to plus this; what lies beyond is taken as the end.</summary>
    public const float MaxLogit = 32;

    /// <summary>Intervals for each logit.</summary>
    public const float PerLogit = 16;

    /// <summary>Number of intervals.</summary>
    public const int Intervals = (int)(2 * MaxLogit * PerLogit);

    /// <summary>Floats of a curve.</summary>
    public const int Length = Intervals + 1;

    // A map is immutable and stays the same object from book to book until it is fitted again.
    private static readonly ConditionalWeakTable<CalibrationMap, float[]> Curves = [];
    private static readonly double[] Raw =
        [.. Enumerable.Range(0, Length).Select(i => 1 / (1 + Math.Exp(MaxLogit - (i / (double)PerLogit))))];

    /// <summary>The curve of a map, <see cref="Length"/> probabilities.</summary>
    public static float[] Of(CalibrationMap map) => Curves.GetValue(map, Draw);

    private static float[] Draw(CalibrationMap map)
    {
        var calibrated = new double[Length];
        map.Apply(Raw, calibrated);
        return Array.ConvertAll(calibrated, p => (float)p);
    }
}
