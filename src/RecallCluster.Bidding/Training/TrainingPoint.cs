namespace RecallCluster.Bidding.Training;

/// <summary>How far a training has come.</summary>
/// <param name="Round">Rounds finished.</param>
/// <param name="Steps">Gradient steps taken.</param>
/// <param name="Score">Mean penalised R/R* over the days kept for validation.</param>
/// <param name="Loss">Mean loss of the critic (of the Q network) in the last round.</param>
public sealed record TrainingPoint(int Round, long Steps, double Score, double Loss);
