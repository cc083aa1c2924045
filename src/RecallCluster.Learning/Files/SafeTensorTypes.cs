namespace RecallCluster.Learning.Files;

/// <summary>Names and sizes of <see cref="SafeTensorType"/>.</summary>
internal static class SafeTensorTypes
{
    /// <summary>Bytes of one value.</summary>
    public static int Size(this SafeTensorType type) => type switch
    {
        SafeTensorType.F64 or SafeTensorType.I64 => 8,
        SafeTensorType.F32 or SafeTensorType.I32 => 4,
        SafeTensorType.F16 or SafeTensorType.BF16 or SafeTensorType.I16 => 2,
        _ => 1,
    };

    /// <summary>The name that the file's header uses.</summary>
    public static string HeaderName(this SafeTensorType type) => type == SafeTensorType.Bool ? "BOOL" : type.ToString();

    /// <summary>The type with this name in a header, if it is known.</summary>
    public static SafeTensorType? FromHeader(string? name)
    {
        foreach (SafeTensorType type in Enum.GetValues<SafeTensorType>())
            if (type.HeaderName() == name)
                return type;
        return null;
    }
}
