namespace RecallCluster.Calibration.Maps;

/// <summary>
/// A fitted map from a raw prediction to a probability: an immutable value, safe to share between threads, never decreasing, always
/// inside [0, 1].
/// </summary>
public abstract class CalibrationMap : IEquatable<CalibrationMap>
{
    private protected CalibrationMap()
    {
    }

    /// <summary>The map that changes nothing: what a calibrator without any evidence returns.</summary>
    public static CalibrationMap Identity { get; } = new PiecewiseLinearMap([0, 1], [0, 1]);

    /// <summary>
    /// Whether two different predictions (within the map's resolution) never become equal, so that ranking and AUC are kept.
    /// </summary>
    public abstract bool StrictlyIncreasing { get; }

    /// <summary>The calibrated probability of <paramref name="p"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is NaN or outside [0, 1].</exception>
    public abstract double Apply(double p);

    /// <summary>The calibrated probabilities of many predictions; the spans may be the same memory.</summary>
    /// <exception cref="ArgumentException">The spans differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A prediction is NaN or outside [0, 1]; the message says which. What precedes it may have been written.
    /// </exception>
    public void Apply(ReadOnlySpan<double> predictions, Span<double> calibrated)
    {
        if (predictions.Length != calibrated.Length)
            throw new ArgumentException($"{predictions.Length} predictions but room for {calibrated.Length} results.");
        ApplyMany(predictions, calibrated);
    }

    /// <inheritdoc/>
    public abstract bool Equals(CalibrationMap? other);

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => Equals(obj as CalibrationMap);

    /// <inheritdoc/>
    public abstract override int GetHashCode();

    private protected abstract void ApplyMany(ReadOnlySpan<double> predictions, Span<double> calibrated);
}
