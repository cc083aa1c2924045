namespace RecallCluster.AdServer;

/// <summary>An impression with what was predicted and what came of it.</summary>
/// <param name="Campaign">The campaign.</param>
/// <param name="Raw">Click probability before calibration; NaN where the door does not tell.</param>
/// <param name="Predicted">Click probability that was bid with.</param>
/// <param name="Truth">The true one.</param>
/// <param name="Clicked">Whether it was clicked.</param>
/// <param name="Hour">Hour of the day.</param>
public readonly record struct ShownAd(long Campaign, double Raw, double Predicted, double Truth, bool Clicked, int Hour);
