using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.Indexes;

/// <summary>
/// Where a model's scores lie, from a sample of users and ads: for the middle user the best score becomes a logit of -3, the median score
/// one of -10. What retrieval finds then lies well inside the grid of calibration, ±16, with a click probability of the right order before
/// there is a click to learn from. Both are properties of the model: scores of a softmax have no zero and no unit of their own; not even
/// one zero for all users, so where users lie far apart the unit is smaller, that most of them fit on the grid.
/// </summary>
public static class ClickScaleEstimate
{
    private const int Users = 128, Ads = 2048;
    private const double OrdinaryLogit = -10, BestLogit = -3;

    // What the best scores of four users of five may span.
    private const double MostAcrossUsers = 12;
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
        var best = new List<double>();
        var spreads = new List<double>();
        var state = new float[prepared.Encoder.UserStateLength];
        var scores = new float[places.Length];
        // And nobody: a request without consent.
        foreach (int? user in users.Select(user => (int?)user).Append(null))
        {
            int[] profile = Array.ConvertAll(dataset.Users.Codes, codes => user is { } known ? codes[known] : 0);
            int[] behaviour = user is { } one
                ? [.. dataset.Train.ItemsOf(one).ToArray().TakeLast(prepared.Encoder.SequenceLimit).Select(row => placeOf[row])] : [];
            prepared.Encoder.Encode(profile, behaviour, state);
            prepared.Scorer.Score(state, places, scores);
            double[] sorted = [.. scores.Where(float.IsFinite).Order()];
            if (sorted.Length == 0)
                continue;
            best.Add(sorted[^1]);
            spreads.Add(sorted[^1] - sorted[sorted.Length / 2]);
        }
        return best.Count == 0 ? ClickScale.Logits
            : Between(QuantileOf(spreads, 0.5), QuantileOf(best, 0.1), QuantileOf(best, 0.5), QuantileOf(best, 0.9));
    }

    /// <summary>The scale that puts scores where they belong.</summary>
    /// <param name="spread">From the median score to the best, for the middle user.</param>
    /// <param name="low">The best score of one of the users with the lowest.</param>
    /// <param name="middle">The best score of the middle user.</param>
    /// <param name="high">The best score of one of the users with the highest.</param>
    internal static ClickScale Between(double spread, double low, double middle, double high)
    {
        if (!(spread > 1e-6) || !double.IsFinite(spread + high - low))
            return ClickScale.Logits;
        // Single precision is plenty, and reads the same wherever it is written down.
        float slope = (float)Math.Min((BestLogit - OrdinaryLogit) / spread, MostAcrossUsers / Math.Max(high - low, double.Epsilon));
        return new ClickScale(slope, (float)(BestLogit - (slope * middle)));
    }

    private static int[] Draw(int count, int most, SeededRandom random)
    {
        int[] drawn = [.. Enumerable.Range(0, count)];
        random.Shuffle(drawn.AsSpan());
        return drawn[..Math.Min(count, most)];
    }

    private static double QuantileOf(List<double> values, double share)
    {
        values.Sort();
        double place = share * (values.Count - 1);
        return values[(int)(share < 0.5 ? Math.Floor(place) : Math.Ceiling(place))];
    }
}
