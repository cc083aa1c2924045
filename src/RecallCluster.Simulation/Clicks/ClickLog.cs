namespace RecallCluster.Simulation.Clicks;

/// <summary>Impressions as columns, with the truth that a real log never shows.</summary>
/// <param name="Predictions">The model's raw prediction of each impression.</param>
/// <param name="Truths">Its true click probability.</param>
/// <param name="Clicks">Whether it was clicked, 0 or 1.</param>
/// <param name="Hours">Its time, in hours; ascending.</param>
/// <param name="Campaigns">Its campaign.</param>
/// <param name="Contexts">Its context.</param>
public sealed record ClickLog(double[] Predictions, double[] Truths, byte[] Clicks, double[] Hours, int[] Campaigns, int[] Contexts)
{
    /// <summary>Number of impressions.</summary>
    public int Count => Predictions.Length;
}
