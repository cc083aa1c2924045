namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Weighted logistic regression with few coefficients by Newton's method (iteratively reweighted least squares) with step halving;
/// targets may be fractions. The workhorse of Platt, temperature and beta calibration and of the post-click model.
/// </summary>
internal static class LogisticRegression
{
    private const int MaxIterations = 100;
    private const int MaxHalvings = 30;
    private const double Tolerance = 1e-12;

    /// <summary>Coefficients that minimise the weighted log loss plus ridge/2 times their squares.</summary>
    /// <param name="features">Row-major, rows x <paramref name="dimensions"/>.</param>
    /// <param name="dimensions">Number of coefficients; give a column of ones for a constant term.</param>
    /// <param name="targets">Mean label of each row, in [0, 1].</param>
    /// <param name="weights">Weight of each row.</param>
    /// <param name="offsets">Fixed part of each row's logit, or empty.</param>
    /// <param name="start">Coefficients to start from.</param>
    /// <param name="ridge">Penalty, at least 0.</param>
    public static double[] Fit(
        ReadOnlySpan<double> features, int dimensions, ReadOnlySpan<double> targets, ReadOnlySpan<double> weights,
        ReadOnlySpan<double> offsets, ReadOnlySpan<double> start, double ridge)
    {
        double[] current = start.ToArray();
        var gradient = new double[dimensions];
        var hessian = new double[dimensions * dimensions];
        var candidate = new double[dimensions];
        double loss = Loss(features, dimensions, targets, weights, offsets, current, ridge);
        for (int iteration = 0; iteration < MaxIterations; iteration++)
        {
            Derivatives(features, dimensions, targets, weights, offsets, current, ridge, gradient, hessian);
            Solve(hessian, gradient, dimensions);
            bool better = false;
            double step = 1;
            for (int halving = 0; halving < MaxHalvings && !better; halving++, step /= 2)
            {
                for (int d = 0; d < dimensions; d++)
                    candidate[d] = current[d] - (step * gradient[d]);
                double next = Loss(features, dimensions, targets, weights, offsets, candidate, ridge);
                better = next < loss;
                if (!better)
                    continue;
                double gain = loss - next;
                loss = next;
                candidate.CopyTo(current, 0);
                if (gain <= Tolerance * Math.Abs(loss))
                    return current;
            }
            if (!better)
                break;
        }
        return current;
    }

    private static double LogitOf(ReadOnlySpan<double> row, ReadOnlySpan<double> coefficients, double offset)
    {
        double logit = offset;
        for (int d = 0; d < row.Length; d++)
            logit += row[d] * coefficients[d];
        return logit;
    }

    private static double Loss(
        ReadOnlySpan<double> features, int dimensions, ReadOnlySpan<double> targets, ReadOnlySpan<double> weights,
        ReadOnlySpan<double> offsets, ReadOnlySpan<double> coefficients, double ridge)
    {
        double loss = 0;
        for (int i = 0; i < targets.Length; i++)
        {
            double logit = LogitOf(features.Slice(i * dimensions, dimensions), coefficients, offsets.IsEmpty ? 0 : offsets[i]);
            double softplus = Math.Max(logit, 0) + Math.Log(1 + Math.Exp(-Math.Abs(logit)));
            loss += weights[i] * (softplus - (targets[i] * logit));
        }
        foreach (double coefficient in coefficients)
            loss += 0.5 * ridge * coefficient * coefficient;
        return loss;
    }

    private static void Derivatives(
        ReadOnlySpan<double> features, int dimensions, ReadOnlySpan<double> targets, ReadOnlySpan<double> weights,
        ReadOnlySpan<double> offsets, ReadOnlySpan<double> coefficients, double ridge, Span<double> gradient, Span<double> hessian)
    {
        hessian.Clear();
        for (int d = 0; d < dimensions; d++)
        {
            gradient[d] = ridge * coefficients[d];
            hessian[(d * dimensions) + d] = ridge;
        }
        for (int i = 0; i < targets.Length; i++)
        {
            ReadOnlySpan<double> row = features.Slice(i * dimensions, dimensions);
            double p = Probability.Sigmoid(LogitOf(row, coefficients, offsets.IsEmpty ? 0 : offsets[i]));
            double slope = weights[i] * (p - targets[i]), curvature = weights[i] * p * (1 - p);
            for (int a = 0; a < dimensions; a++)
            {
                gradient[a] += slope * row[a];
                for (int b = 0; b <= a; b++)
                    hessian[(a * dimensions) + b] += curvature * row[a] * row[b];
            }
        }
    }

    // Cholesky in place; a pivot that rounding has used up is lifted, which shortens the step along a direction without curvature.
    private static void Solve(Span<double> hessian, Span<double> vector, int dimensions)
    {
        double trace = 0;
        for (int d = 0; d < dimensions; d++)
            trace += hessian[(d * dimensions) + d];
        double smallest = Math.Max(1e-12 * trace, double.Epsilon * 1e20);
        for (int a = 0; a < dimensions; a++)
        {
            for (int b = 0; b <= a; b++)
            {
                double sum = hessian[(a * dimensions) + b];
                for (int c = 0; c < b; c++)
                    sum -= hessian[(a * dimensions) + c] * hessian[(b * dimensions) + c];
                hessian[(a * dimensions) + b] = a == b ? Math.Sqrt(Math.Max(sum, smallest)) : sum / hessian[(b * dimensions) + b];
            }
        }
        for (int a = 0; a < dimensions; a++)
        {
            for (int c = 0; c < a; c++)
                vector[a] -= hessian[(a * dimensions) + c] * vector[c];
            vector[a] /= hessian[(a * dimensions) + a];
        }
        for (int a = dimensions - 1; a >= 0; a--)
        {
            for (int c = a + 1; c < dimensions; c++)
                vector[a] -= hessian[(c * dimensions) + a] * vector[c];
            vector[a] /= hessian[(a * dimensions) + a];
        }
    }
}
