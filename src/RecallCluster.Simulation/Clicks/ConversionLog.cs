namespace RecallCluster.Simulation.Clicks;

/// <summary>Clicks as columns, with what comes of them.</summary>
/// <param name="Predictions">The model's conversion probability, made before the click.</param>
/// <param name="Truths">The true one.</param>
/// <param name="Attainable">
/// The mean true probability of clicks with this prediction at this time: what the best map of the prediction gives. What is between it
/// and the truth the model does not know, and no calibration mends.
/// </param>
/// <param name="Hours">Time of the click; ascending.</param>
/// <param name="Delays">Hours from click to conversion; positive infinity when there is none.</param>
/// <param name="Signals">What the first minutes show: log dwell time, pages, cart adds.</param>
public sealed record ConversionLog(
    double[] Predictions, double[] Truths, double[] Attainable, double[] Hours, double[] Delays, double[][] Signals)
{
    /// <summary>Number of clicks.</summary>
    public int Count => Predictions.Length;
}
