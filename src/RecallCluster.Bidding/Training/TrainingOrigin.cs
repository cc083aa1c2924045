using System.Runtime.InteropServices;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Training;

/// <summary>
/// What a training was begun with, as one number: a checksum of the days kept for validation. Other auctions, goals, ticks or another seed
/// draw other days, so a checkpoint that tells another number belongs to another training.
/// </summary>
internal static class TrainingOrigin
{
    public static long Of(IReadOnlyList<BidDay> validation)
    {
        uint state = Crc32C.Start;
        foreach (BidDay day in validation)
        {
            state = Add(state, [day.Ticks, day.Goal.Budget, day.Start.Value]);
            state = Add(Add(state, day.Log.Value), day.Log.Cost);
            ReadOnlySpan<KpiConstraint> kpis = day.Goal.Kpis;
            for (int j = 0; j < kpis.Length; j++)
                state = Add(Add(Add(state, [kpis[j].Limit, day.Start[j]]), day.Log.P(j)), day.Log.Q(j));
        }
        return Crc32C.Finish(state);
    }

    private static uint Add(uint state, ReadOnlySpan<double> numbers) => Crc32C.Update(state, MemoryMarshal.AsBytes(numbers));
}
