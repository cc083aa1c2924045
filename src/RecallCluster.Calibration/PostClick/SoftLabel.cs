namespace RecallCluster.Calibration.PostClick;

/// <summary>What is still to be expected of a click that has not converted yet.</summary>
public static class SoftLabel
{
    /// <summary>
    /// The chance that a click converts later, given that it has not yet: p(1 - F)/(1 - pF) by Bayes, p the chance at the click, F the
    /// share of conversions that come by its age. Keeping p itself would bias high: silence is evidence.
    /// </summary>
    /// <param name="p">Chance that the click converts at all, in [0, 1].</param>
    /// <param name="arrived">F, in [0, 1]; at 1 the window is over and the label is 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is NaN or outside [0, 1].</exception>
    public static double OfPending(double p, double arrived)
    {
        Probability.Check(p);
        if (!(arrived >= 0 && arrived <= 1))
            throw new ArgumentOutOfRangeException(nameof(arrived), arrived, "The share of conversions that have come must be in [0, 1].");
        return arrived >= 1 ? 0 : p * (1 - arrived) / (1 - (p * arrived));
    }
}
