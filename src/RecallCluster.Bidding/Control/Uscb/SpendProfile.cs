using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Replay;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>When yesterday would have spent its money at constant weights: what the hours still to come are like.</summary>
internal sealed class SpendProfile
{
    private const int Slots = 48;

    private readonly double[]? _until;

    private SpendProfile(double[]? until) => _until = until;

    public static SpendProfile Of(ControllerSetting setting, in BidWeights weights)
    {
        if (setting.History is not { Count: >= Slots } history)
            return new SpendProfile(null);
        var until = new double[Slots + 1];
        TickSums sums = default;
        for (int slot = 0; slot < Slots; slot++)
        {
            int from = (int)((long)history.Count * slot / Slots), to = (int)((long)history.Count * (slot + 1) / Slots);
            TickPlayer.Play(history, setting.Goal, from, to, weights, double.MaxValue, ref sums);
            until[slot + 1] = sums.Spent;
        }
        return new SpendProfile(until);
    }

    /// <summary>
    /// ln of yesterday's mean rate of spend in the rest of the day over that between two moments; 0 where it is not known.
    /// </summary>
    public double Outlook(double from, double to)
    {
        if (_until is null || to <= from || to >= 1)
            return 0;
        double before = (At(to) - At(from)) / (to - from), after = (_until[Slots] - At(to)) / (1 - to);
        return before > 0 && after > 0 ? Math.Clamp(Math.Log(after / before), -1.5, 1.5) : 0;
    }

    private double At(double share)
    {
        double place = Math.Clamp(share, 0, 1) * Slots;
        int slot = Math.Min((int)place, Slots - 1);
        return _until![slot] + ((place - slot) * (_until[slot + 1] - _until[slot]));
    }
}
