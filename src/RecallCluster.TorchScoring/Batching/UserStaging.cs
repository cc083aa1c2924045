using System.Runtime.InteropServices;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using TorchSharp;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>The users of one batch, packed on the host and sent to the device.</summary>
internal sealed class UserStaging(TorchDevice device, IDeviceModel model, int most) : IDisposable
{
    private readonly torch.Tensor _floats = device.Staging((long)most * model.PackedFloats, torch.ScalarType.Float32);
    private readonly torch.Tensor _ints = device.Staging((long)most * Math.Max(1, model.PackedInts), torch.ScalarType.Int32);

    /// <summary>Packs a user.</summary>
    public void Pack(int place, ReadOnlySpan<float> state)
    {
        (int floats, int ints) = (model.PackedFloats, model.PackedInts);
        model.Pack(
            state,
            MemoryMarshal.Cast<byte, float>(_floats.bytes).Slice(place * floats, floats),
            MemoryMarshal.Cast<byte, int>(_ints.bytes).Slice(place * ints, ints));
    }

    /// <summary>Sends the first places; those behind the last user hold whoever was there before.</summary>
    public DeviceUsers Send(int places) => model.Prepare(
        _floats.narrow(0, 0, (long)places * model.PackedFloats).view(places, model.PackedFloats).to(device.Device, non_blocking: true),
        _ints.narrow(0, 0, (long)places * model.PackedInts).view(places, model.PackedInts).to(device.Device, non_blocking: true));

    public void Dispose()
    {
        _floats.Dispose();
        _ints.Dispose();
    }
}
