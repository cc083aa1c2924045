
namespace RecallCluster.Learning.Scoring;

/// <summary>The folded score in plain scalar code, for widths that no vector fits.</summary>
internal static unsafe class PlainFoldedKernel
{
    [ThreadStatic]
    private static float[]? t_hidden;

    public static void Score<TFormat>(FoldedWeights weights, in FoldedBatch batch)
        where TFormat : struct, IRecordFormat
    {
        if (t_hidden is null || t_hidden.Length < weights.Hidden1)
            t_hidden = new float[weights.Hidden1];
        for (int i = 0; i < batch.Count; i++)
            batch.Scores[i] = ScoreOne<TFormat>(weights, batch.User, batch.Record(i), t_hidden.AsSpan(0, weights.Hidden1));
    }

    private static float ScoreOne<TFormat>(FoldedWeights weights, float* user, byte* record, Span<float> hidden)
        where TFormat : struct, IRecordFormat
    {
        int d = weights.Width, h1 = weights.Hidden1;
        float normalizer = FoldedWeights.Epsilon, interaction = 0;
        for (int k = 0; k < d; k++)
        {
            normalizer += TFormat.Value(record, k) * user[weights.NormalizerOffset + k];
            interaction += TFormat.Value(record, k) * user[weights.InteractionOffset + k];
        }
        for (int c = 0; c < h1; c++)
            hidden[c] = user[c] + TFormat.Value(record, d + c);
        for (int k = 0; k < d; k++)
        {
            float share = TFormat.Value(record, k) / normalizer;
            float* row = user + weights.AttentionOffset + ((nint)k * h1);
            for (int c = 0; c < h1; c++)
                hidden[c] += share * row[c];
        }
        for (int c = 0; c < h1; c++)
            hidden[c] = Prelu(hidden[c], weights.Slope1[c]);

        int* codes = (int*)(record + ((nint)(d + h1) * TFormat.Size));
        float score = weights.B3 + interaction + weights.Match.Sum(user + weights.MatchOffset, codes);
        for (int c = 0; c < weights.Hidden2; c++)
        {
            float sum = weights.B2[c];
            for (int k = 0; k < h1; k++)
                sum += weights.W2[(c * h1) + k] * hidden[k];
            score += weights.W3[c] * Prelu(sum, weights.Slope2[c]);
        }
        return score;
    }

    private static float Prelu(float x, float slope) => x < 0 ? x * slope : x;
}
