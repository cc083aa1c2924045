using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Training;

/// <summary>
/// A factor around 1 that differs from day to day and wanders within the day (a mean-reverting random walk of its logarithm).
/// </summary>
public sealed class Wander
{
    private const double Persistence = 0.9;

    private readonly double[] _factors;

    /// <summary>A path of <paramref name="ticks"/> factors.</summary>
    /// <param name="random">Source of randomness.</param>
    /// <param name="deviation">Standard deviation of the day's logarithm, and of its wandering within the day.</param>
    /// <param name="ticks">Length of the path.</param>
    public Wander(SeededRandom random, double deviation, int ticks)
    {
        ArgumentNullException.ThrowIfNull(random);
        _factors = new double[ticks];
        double day = deviation * random.NextGaussian(), within = deviation * random.NextGaussian();
        for (int t = 0; t < ticks; t++)
        {
            _factors[t] = Math.Exp(day + within);
            within = (Persistence * within) + (Math.Sqrt(1 - (Persistence * Persistence)) * deviation * random.NextGaussian());
        }
    }

    /// <summary>The factor of a tick.</summary>
    public double At(int tick) => _factors[tick];
}
