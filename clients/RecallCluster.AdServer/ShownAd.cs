namespace RecallCluster.AdServer;

/// <summary>An impression with what was predicted and what came of it.</summary>
/// <param name="Request">Number of the request in its day.</param>
/// <param name="Campaign">The campaign.</param>
/// <param name="Raw">Click probability before calibration; NaN where the door does not tell.</param>
/// <param name="Predicted">Click probability that was bid with.</param>
/// <param name="Truth">The true one.</param>
/// <param name="TrueConversion">The true probability that a click converts.</param>
/// <param name="Clicked">Whether it was clicked.</param>
/// <param name="Hour">Hour of the day.</param>
public readonly record struct ShownAd(
    int Request, long Campaign, double Raw, double Predicted, double Truth, double TrueConversion, bool Clicked, int Hour);
