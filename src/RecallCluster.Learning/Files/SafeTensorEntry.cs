namespace RecallCluster.Learning.Files;

/// <summary>One tensor as a safetensors header describes it.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Type">Type of its values.</param>
/// <param name="Extents">Its shape, outermost first; empty for a scalar.</param>
/// <param name="Start">First byte, counted from the end of the header.</param>
/// <param name="End">Byte behind the last one.</param>
public sealed record SafeTensorEntry(string Name, SafeTensorType Type, IReadOnlyList<long> Extents, long Start, long End)
{
    /// <summary>Number of values.</summary>
    public long Length => (End - Start) / Type.Size();

    /// <summary>Type and shape as in <c>F32 [1000, 64]</c>.</summary>
    public string Description => $"{Type.HeaderName()} [{string.Join(", ", Extents)}]";
}
