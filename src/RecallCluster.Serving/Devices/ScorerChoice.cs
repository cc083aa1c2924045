using System.Globalization;

namespace RecallCluster.Serving.Devices;

/// <summary>Where a shard's ads are scored.</summary>
public enum ScorerPlace
{
    /// <summary>By the searching threads, with SIMD: needs nothing installed.</summary>
    Cpu,

    /// <summary>By libtorch on the processor: for users' own modules, and to try the device's code without a device.</summary>
    TorchCpu,

    /// <summary>By libtorch on a CUDA device.</summary>
    Cuda,
}

/// <summary>The numbers that a device's tables and products are held in. Sums that decide an order are single precision in all.</summary>
public enum ScorerPrecision
{
    /// <summary>Single precision.</summary>
    Fp32,

    /// <summary>bfloat16: half the memory and traffic, 8 significant bits.</summary>
    Bf16,

    /// <summary>IEEE half: half the memory and traffic, 11 significant bits, up to 65,504.</summary>
    Fp16,
}

/// <summary>Which scorer a shard uses: <c>cpu</c>, <c>torch-cpu</c>, <c>torch-cpu-walk</c>, <c>cuda:0</c>, <c>cuda-walk:0</c>.</summary>
/// <param name="Place">Where ads are scored.</param>
/// <param name="Device">Number of the CUDA device.</param>
/// <param name="Walks">Whether whole walks are made there too; else the host walks and only scores there.</param>
public sealed record ScorerChoice(ScorerPlace Place, int Device = 0, bool Walks = false)
{
    private const string WalkSuffix = "-walk";

    /// <summary>What <see cref="TryParse"/> takes, in words.</summary>
    public const string Forms = "cpu, torch-cpu, torch-cpu-walk, cuda:N or cuda-walk:N";

    /// <summary>The searching threads themselves.</summary>
    public static ScorerChoice Cpu { get; } = new(ScorerPlace.Cpu);

    /// <summary>Reads a choice; without a number, a CUDA device is the first.</summary>
    /// <returns>Null where the text names none.</returns>
    public static ScorerChoice? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(':');
        bool walks = parts[0].EndsWith(WalkSuffix, StringComparison.Ordinal);
        string place = walks ? parts[0][..^WalkSuffix.Length] : parts[0];
        int device = 0;
        if (parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out device)))
            return null;
        return (place, walks, parts.Length) switch
        {
            ("cpu", false, 1) => Cpu,
            ("torch-cpu", _, 1) => new ScorerChoice(ScorerPlace.TorchCpu, 0, walks),
            ("cuda", _, _) => new ScorerChoice(ScorerPlace.Cuda, device, walks),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Place switch
    {
        ScorerPlace.Cpu => "cpu",
        ScorerPlace.TorchCpu => Walks ? "torch-cpu-walk" : "torch-cpu",
        _ => $"{(Walks ? "cuda-walk" : "cuda")}:{Device}",
    };
}
