using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Training;

/// <summary>Where days to learn from come from. Asked from several threads at once.</summary>
public interface ITrainingDays
{
    /// <summary>Number of KPIs of every campaign.</summary>
    int KpiCount { get; }

    /// <summary>Another campaign's day; equal generators draw equal days.</summary>
    BidDay Draw(SeededRandom random);
}
