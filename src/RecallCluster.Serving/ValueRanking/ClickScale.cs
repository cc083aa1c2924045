namespace RecallCluster.Serving;

/// <summary>
/// From a model's score to the raw click probability: sigmoid(<see cref="Slope"/> · score + <see cref="Shift"/>). Everybody who speaks of
/// raw probabilities, be it to rank, to bid or to count, goes through this. A model that was trained to tell ads apart, as with sampled
/// softmax, says nothing of how large its scores are; left as they are, they may lie where sigmoid and the calibration's grid are flat, and
/// the order of the best ads is lost. The slope is positive, so no order changes.
/// </summary>
/// <param name="Slope">What a unit of the score adds to the logit; positive.</param>
/// <param name="Shift">The logit at score 0.</param>
public sealed record ClickScale(double Slope, double Shift)
{
    // The smallest probabilities there are: a score that has run away must not become a certainty.
    private const double LeastProbability = 1e-9;

    /// <summary>Scores that are logits already.</summary>
    public static ClickScale Logits { get; } = new(1, 0);

    /// <summary>Whether it is one: a positive slope, both finite.</summary>
    public bool IsValid => Slope > 0 && double.IsFinite(Slope) && double.IsFinite(Shift);

    /// <summary>The logit of the raw click probability.</summary>
    public double Logit(float score) => (Slope * score) + Shift;

    /// <summary>The raw click probability, in (0, 1).</summary>
    public double Probability(float score) =>
        Math.Clamp(1 / (1 + Math.Exp(-Logit(score))), LeastProbability, 1 - LeastProbability);
}
