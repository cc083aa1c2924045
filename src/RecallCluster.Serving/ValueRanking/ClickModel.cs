using System.Globalization;
using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Serving;

/// <summary>
/// What raw click probabilities come from: a model and the scale of its scores. Probabilities of two of them have nothing to do with each
/// other, so whatever counts them keeps them apart by <see cref="Id"/>.
/// </summary>
/// <param name="Id">Equal for equal models and scales, on every machine and after every start.</param>
/// <param name="Scale">From its scores to probabilities.</param>
public sealed record ClickModel(uint Id, ClickScale Scale)
{
    /// <summary>A model that nobody named, whose scores are logits.</summary>
    public static ClickModel Unnamed { get; } = new(0, ClickScale.Logits);

    /// <summary>The click model of a model's scores.</summary>
    /// <param name="fingerprint">Tells the model by content.</param>
    /// <param name="scale">The scale of its scores.</param>
    public static ClickModel Of(string fingerprint, ClickScale scale)
    {
        ArgumentException.ThrowIfNullOrEmpty(fingerprint);
        ArgumentNullException.ThrowIfNull(scale);
        string identity = string.Create(CultureInfo.InvariantCulture, $"{fingerprint}/{scale.Slope:R}/{scale.Shift:R}");
        return new ClickModel(Crc32C.Of(Encoding.UTF8.GetBytes(identity)), scale);
    }
}
