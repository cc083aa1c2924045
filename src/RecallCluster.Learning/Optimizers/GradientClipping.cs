using RecallCluster.Learning.Autograd;

namespace RecallCluster.Learning.Optimizers;

/// <summary>Clipping of gradients.</summary>
public static class GradientClipping
{
    /// <summary>Joint Euclidean norm of all gradients; not finite when a value is not.</summary>
    public static double GlobalNorm(IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        double squares = 0;
        foreach (Parameter parameter in parameters)
            squares += parameter.Gradient.SquaredNorm();
        return Math.Sqrt(squares);
    }

    /// <summary>Scales all gradients down together so that their joint Euclidean norm is at most <paramref name="maxNorm"/>.</summary>
    /// <returns>The norm before clipping; not finite when a gradient is not, in which case nothing is scaled.</returns>
    public static double ByGlobalNorm(IEnumerable<Parameter> parameters, double maxNorm)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxNorm);
        Parameter[] all = [.. parameters];
        double norm = GlobalNorm(all);
        if (norm > maxNorm && double.IsFinite(norm))
            foreach (Parameter parameter in all)
                parameter.Gradient.Scale((float)(maxNorm / norm));
        return norm;
    }
}
