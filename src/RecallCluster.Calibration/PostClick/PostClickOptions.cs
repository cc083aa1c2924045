namespace RecallCluster.Calibration.PostClick;

/// <summary>Times of the post-click ledger, all in one unit of the caller's choice.</summary>
/// <param name="Window">Attribution window: later conversions do not count.</param>
/// <param name="SignalHorizon">Age at which a click's short-term signals are complete; younger clicks are not counted yet.</param>
/// <param name="Slice">Length of the slices of click time that counts are kept in; a snapshot starts at a slice.</param>
/// <param name="MaxTrainingClicks">Matured clicks kept for training, the latest ones.</param>
public sealed record PostClickOptions(double Window, double SignalHorizon, double Slice, int MaxTrainingClicks = 200_000);
