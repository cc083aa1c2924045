namespace RecallCluster.Learning.Training;

/// <summary>Where a training stands.</summary>
/// <param name="Epoch">Epoch in progress, from 1.</param>
/// <param name="Step">Steps taken.</param>
/// <param name="TotalSteps">Steps planned; early stopping may end before.</param>
/// <param name="Loss">Mean loss since the last report.</param>
/// <param name="ExamplesPerSecond">Since the start, validations left out.</param>
/// <param name="ValidationRecall">Recall of a validation that was just made, or null.</param>
/// <param name="Elapsed">Time since the start.</param>
public sealed record TrainingProgress(
    int Epoch, int Step, int TotalSteps, double Loss, double ExamplesPerSecond, double? ValidationRecall, TimeSpan Elapsed);

/// <summary>Why a training ended.</summary>
public enum TrainingEnd
{
    /// <summary>All epochs were run.</summary>
    Completed,

    /// <summary>Validation recall no longer rose.</summary>
    EarlyStop,

    /// <summary>The time limit was reached.</summary>
    TimeLimit,
}

/// <summary>What a training did.</summary>
/// <param name="End">Why it ended.</param>
/// <param name="Steps">Steps taken.</param>
/// <param name="Examples">Examples of an epoch.</param>
/// <param name="BestStep">Step after which the kept weights stood.</param>
/// <param name="BestValidationRecall">Validation recall of the kept weights; null when nothing was held out.</param>
/// <param name="FinalLoss">Mean loss of the last epoch that was begun.</param>
/// <param name="ExamplesPerSecond">Examples trained on a second, validations left out.</param>
/// <param name="Elapsed">Time from start to end.</param>
public sealed record TrainingResult(
    TrainingEnd End, int Steps, int Examples, int BestStep, double? BestValidationRecall, double FinalLoss, double ExamplesPerSecond,
    TimeSpan Elapsed);
