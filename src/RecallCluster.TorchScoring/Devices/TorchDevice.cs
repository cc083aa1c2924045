using RecallCluster.Serving.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring.Devices;

/// <summary>A device of libtorch and the numbers that are held there.</summary>
internal sealed record TorchDevice(torch.Device Device, torch.ScalarType Floats)
{
    public bool IsCuda => Device.type == DeviceType.CUDA;

    /// <summary>Bytes of a number of <see cref="Floats"/>.</summary>
    public int FloatBytes => Floats == torch.ScalarType.Float32 ? sizeof(float) : sizeof(ushort);

    public bool IsHalf => Floats != torch.ScalarType.Float32;

    /// <summary>Loads libtorch and checks that the device is there.</summary>
    /// <exception cref="DeviceUnavailableException">It is not; the message says what is missing.</exception>
    public static TorchDevice Open(ScorerChoice choice, ScorerPrecision precision)
    {
        torch.ScalarType floats = precision switch
        {
            ScorerPrecision.Fp32 => torch.ScalarType.Float32,
            ScorerPrecision.Bf16 => torch.ScalarType.BFloat16,
            ScorerPrecision.Fp16 => torch.ScalarType.Float16,
            _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "There is no such precision."),
        };
        LibTorch.Load(choice.Place);
        if (choice.Place != ScorerPlace.Cuda)
            return new TorchDevice(torch.CPU, floats);
        int devices = torch.cuda.device_count();
        return choice.Device < devices
            ? new TorchDevice(new torch.Device(DeviceType.CUDA, choice.Device), floats)
            : throw new DeviceUnavailableException($"{choice}: there are {devices} CUDA device(s), from 0 on.");
    }

    /// <summary>Memory of the host that copies to and from the device go through: page-locked where that makes them asynchronous.</summary>
    public torch.Tensor Staging(long count, torch.ScalarType type)
    {
        torch.Tensor plain = torch.zeros(count, type);
        if (!IsCuda)
            return plain;
        using (plain)
            return plain.pin_memory();
    }

    public override string ToString() => $"{(IsCuda ? $"cuda:{Device.index}" : "cpu")}, {Floats.ToString().ToLowerInvariant()}";
}
