using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.Indexes;

/// <summary>
/// Where a model's scores lie, from a sample of users and ads: the median score of any ad for any user becomes a logit of -10, the best
/// score of nearly every user one of -3. What retrieval finds then lies well inside the grid of calibration, ±16, with a click probability
/// of the right order before there is a click to learn from. Both are properties of the model: scores of a softmax have no zero of their
/// own.
/// </summary>
public static class ClickScaleEstimate
{
    private const int Users = 128, Ads = 2048;
    private const double OrdinaryLogit = -10, BestLogit = -3;

    // A user for whom every ad scores high must not set the scale for all.
    private const double BestOf = 0.9;
    private const ulong Seed = 0x5CA1E;

    /// <summary>The scale of a model's scores for the users and ads of a data set; the same every time.</summary>
    /// <param name="model">The model.</param>
    /// <param name="dataset">The data set that it was made for.</param>
    /// <param name="team">Threads that share the work; null for the caller's alone.</param>
    /// <returns>The scale; <see cref="ClickScale.Logits"/> where scores do not differ, or there is nobody to score for.</returns>
    public static ClickScale Of(DeepAdModel model, Dataset dataset, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(dataset);
        var random = new SeededRandom(Seed);
        int[] users = Draw(dataset.Users.Count, Users, random), shown = Draw(dataset.Items.Count, Ads, random);
        if (users.Length == 0 || shown.Length == 0)
            return ClickScale.Logits;
        // Behaviours have vectors too: the sample's rows, then those of the users' ads.
        int[] rows = [.. shown, .. users.SelectMany(user => dataset.Train.ItemsOf(user).ToArray()).Distinct().Except(shown)];
        Dictionary<int, int> placeOf = rows.Index().ToDictionary(row => row.Item, row => row.Index);
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items, rows, team);
        using PreparedModel prepared = PreparedModel.Of(model, targets, team);
        int[] places = [.. Enumerable.Range(0, shown.Length)];
        var all = new List<float>(users.Length * shown.Length);
        var best = new List<float>(users.Length);
        var state = new float[prepared.Encoder.UserStateLength];
        var scores = new float[places.Length];
        foreach (int user in users)
        {
            int[] profile = Array.ConvertAll(dataset.Users.Codes, codes => codes[user]);
            int[] behaviour = [.. dataset.Train.ItemsOf(user).ToArray().TakeLast(prepared.Encoder.SequenceLimit).Select(row => placeOf[row])];
            prepared.Encoder.Encode(profile, behaviour, state);
            prepared.Scorer.Score(state, places, scores);
            all.AddRange(scores.Where(float.IsFinite));
            best.Add(scores.Where(float.IsFinite).DefaultIfEmpty(float.NegativeInfinity).Max());
        }
        return all.Count == 0 ? ClickScale.Logits : Between(QuantileOf(all, 0.5), QuantileOf(best, BestOf));
    }

    /// <summary>The scale that puts two scores where they belong.</summary>
    internal static ClickScale Between(double ordinary, double best)
    {
        double spread = best - ordinary;
        if (!(spread > 1e-6) || !double.IsFinite(spread))
            return ClickScale.Logits;
        // Single precision is plenty, and reads the same wherever it is written down.
        float slope = (float)((BestLogit - OrdinaryLogit) / spread);
        return new ClickScale(slope, (float)(OrdinaryLogit - (slope * ordinary)));
    }

    private static int[] Draw(int count, int most, SeededRandom random)
    {
        int[] drawn = [.. Enumerable.Range(0, count)];
        random.Shuffle(drawn.AsSpan());
        return drawn[..Math.Min(count, most)];
    }

    private static double QuantileOf(List<float> values, double share)
    {
        values.Sort();
        return values[(int)Math.Ceiling(share * (values.Count - 1))];
    }
}
