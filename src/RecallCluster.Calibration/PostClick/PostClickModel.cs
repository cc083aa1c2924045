using RecallCluster.Calibration.Methods;

namespace RecallCluster.Calibration.PostClick;

/// <summary>A click that is old enough for its outcome to be known.</summary>
/// <param name="Signals">Short-term signals after the click (dwell, pages, cart adds, …), as many for every click.</param>
/// <param name="Converted">Whether it converted inside the window.</param>
public readonly record struct MaturedClick(double[] Signals, bool Converted);

/// <summary>
/// The post-click conversion estimation model (Deng et al., 2020): logistic regression from a click's short-term signals to its eventual
/// conversion. To be trained on matured clicks only: among the others the converted ones are the fast ones.
/// </summary>
public sealed class PostClickModel
{
    private const double Ridge = 1;

    private readonly double[] _means;
    private readonly double[] _scales;
    private readonly double[] _coefficients;

    private PostClickModel(double[] means, double[] scales, double[] coefficients)
    {
        _means = means;
        _scales = scales;
        _coefficients = coefficients;
    }

    /// <summary>Trains the model; signals are standardised, a small ridge penalty keeps it finite without conversions.</summary>
    /// <exception cref="ArgumentException">
    /// There are no clicks, their signals differ in number, or a signal is not finite; the message names the click.
    /// </exception>
    public static PostClickModel Train(IReadOnlyList<MaturedClick> clicks)
    {
        ArgumentNullException.ThrowIfNull(clicks);
        if (clicks.Count == 0)
            throw new ArgumentException("The post-click model needs at least one matured click.", nameof(clicks));
        int signals = clicks[0].Signals.Length, dimensions = signals + 1;
        (double[] means, double[] scales) = Standardise(clicks, signals);
        var features = new double[clicks.Count * dimensions];
        var targets = new double[clicks.Count];
        var weights = new double[clicks.Count];
        for (int i = 0; i < clicks.Count; i++)
        {
            for (int s = 0; s < signals; s++)
                features[(i * dimensions) + s] = (clicks[i].Signals[s] - means[s]) / scales[s];
            features[(i * dimensions) + signals] = 1;
            targets[i] = clicks[i].Converted ? 1 : 0;
            weights[i] = 1;
        }
        double[] coefficients = LogisticRegression.Fit(features, dimensions, targets, weights, [], new double[dimensions], Ridge);
        return new PostClickModel(means, scales, coefficients);
    }

    /// <summary>Chance that a click with these signals converts inside the window.</summary>
    /// <exception cref="ArgumentException">The number of signals differs from training's, or one is not finite.</exception>
    public double Predict(ReadOnlySpan<double> signals)
    {
        if (signals.Length != _means.Length)
            throw new ArgumentException($"The model was trained on {_means.Length} signals; got {signals.Length}.");
        double logit = _coefficients[^1];
        for (int s = 0; s < signals.Length; s++)
        {
            if (!double.IsFinite(signals[s]))
                throw new ArgumentException($"Signal {s} is {signals[s]}; it must be finite.");
            logit += _coefficients[s] * (signals[s] - _means[s]) / _scales[s];
        }
        return Probability.Sigmoid(logit);
    }

    private static (double[] Means, double[] Scales) Standardise(IReadOnlyList<MaturedClick> clicks, int signals)
    {
        double[] means = new double[signals], squares = new double[signals], scales = new double[signals];
        for (int i = 0; i < clicks.Count; i++)
        {
            if (clicks[i].Signals.Length != signals)
                throw new ArgumentException($"Click {i} has {clicks[i].Signals.Length} signals; the first has {signals}.", nameof(clicks));
            for (int s = 0; s < signals; s++)
            {
                double value = clicks[i].Signals[s];
                if (!double.IsFinite(value))
                    throw new ArgumentException($"Click {i}: signal {s} is {value}; it must be finite.", nameof(clicks));
                double off = value - means[s];
                means[s] += off / (i + 1);
                squares[s] += off * (value - means[s]);
            }
        }
        for (int s = 0; s < signals; s++)
        {
            double deviation = Math.Sqrt(squares[s] / clicks.Count);
            scales[s] = deviation > 0 ? deviation : 1;
        }
        return (means, scales);
    }
}
