using System.Runtime.InteropServices;
using RecallCluster.Bidding.Training;
using RecallCluster.Learning.Files;

namespace RecallCluster.Bidding.Control.Drlb;

/// <summary>
/// The best score of any episode that took an action in a state: what the reward network learns. A state is the day, the tick and the
/// logarithm of w0 over its start in steps of 0.05, which together fix what can still happen up to the money spent.
/// </summary>
internal sealed class BestOutcomes : ICheckpointPart
{
    private const double LogStep = 0.05;

    private readonly Dictionary<long, float> _scores = [];

    public static long Key(int day, int tick, double logWeight, int action) =>
        ((((((long)day << 12) | (long)tick) << 16) | ((long)Math.Round(logWeight / LogStep) & 0xFFFF)) << 4) | (long)action;

    /// <summary>Takes the score of an episode and tells the best so far.</summary>
    public float Raise(long key, float score)
    {
        ref float best = ref CollectionsMarshal.GetValueRefOrAddDefault(_scores, key, out bool known);
        best = known ? Math.Max(best, score) : score;
        return best;
    }

    public void Save(SafeTensorsWriter writer)
    {
        long[] keys = [.. _scores.Keys.Order()];
        writer.Add("outcomes.keys", keys, keys.Length);
        writer.Add("outcomes.scores", Array.ConvertAll(keys, key => (long)BitConverter.SingleToInt32Bits(_scores[key])), keys.Length);
    }

    public void Load(SafeTensorsFile file)
    {
        long[] keys = file.ReadIntegers("outcomes.keys"), scores = file.ReadIntegers("outcomes.scores");
        if (keys.Length != scores.Length)
            throw new InvalidDataException($"{file.Path}: {keys.Length} outcomes have {scores.Length} scores.");
        _scores.Clear();
        for (int i = 0; i < keys.Length; i++)
            _scores[keys[i]] = BitConverter.Int32BitsToSingle((int)scores[i]);
    }
}
