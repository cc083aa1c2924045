using System.Runtime.InteropServices;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using TorchSharp;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>The users of one batch, packed on the host and sent to the device.</summary>
internal sealed class UserStaging : IDisposable
{
    private readonly TorchDevice _device;
    private readonly IDeviceModel _model;
    private readonly torch.Tensor _floats, _ints;

    /// <param name="device">Where they are sent to.</param>
    /// <param name="model">Whose users they are.</param>
    /// <param name="most">Most users of a batch.</param>
    public UserStaging(TorchDevice device, IDeviceModel model, int most)
    {
        (_device, _model) = (device, model);
        using var parts = new Parts();
        _floats = parts.Add(device.Staging((long)most * model.PackedFloats, torch.ScalarType.Float32));
        _ints = parts.Add(device.Staging((long)most * Math.Max(1, model.PackedInts), torch.ScalarType.Int32));
        parts.Keep();
    }

    /// <summary>Packs a user.</summary>
    public void Pack(int place, ReadOnlySpan<float> state)
    {
        (int floats, int ints) = (_model.PackedFloats, _model.PackedInts);
        _model.Pack(
            state,
            MemoryMarshal.Cast<byte, float>(_floats.bytes).Slice(place * floats, floats),
            MemoryMarshal.Cast<byte, int>(_ints.bytes).Slice(place * ints, ints));
    }

    /// <summary>
    /// Makes places users of zeros. Whoever was there before must not be computed again: a module that fails for that user would fail
    /// others.
    /// </summary>
    public void Clear(int from, int to)
    {
        (int floats, int ints) = (_model.PackedFloats, _model.PackedInts);
        MemoryMarshal.Cast<byte, float>(_floats.bytes)[(from * floats)..(to * floats)].Clear();
        MemoryMarshal.Cast<byte, int>(_ints.bytes)[(from * ints)..(to * ints)].Clear();
    }

    /// <summary>Sends the first places.</summary>
    public DeviceUsers Send(int places) => _model.Prepare(
        _floats.narrow(0, 0, (long)places * _model.PackedFloats).view(places, _model.PackedFloats).to(_device.Device, non_blocking: true),
        _ints.narrow(0, 0, (long)places * _model.PackedInts).view(places, _model.PackedInts).to(_device.Device, non_blocking: true));

    public void Dispose()
    {
        _floats.Dispose();
        _ints.Dispose();
    }
}
