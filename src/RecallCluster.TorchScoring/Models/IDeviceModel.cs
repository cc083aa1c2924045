using TorchSharp;

namespace RecallCluster.TorchScoring.Models;

/// <summary>
/// A scoring model whose tables of ads are on the device: users and ordinals in, scores out. A user's state is packed on the host, sent
/// once a batch, and prepared on the device once for all of its ads. Ordinal <see cref="ItemCount"/> is padding: it may be scored, and its
/// score means nothing. Calls are made inside a dispose scope; several threads may call at once.
/// </summary>
internal interface IDeviceModel : IDisposable
{
    int ItemCount { get; }

    int UserStateLength { get; }

    /// <summary>Floats of a packed user.</summary>
    int PackedFloats { get; }

    /// <summary>Integers of a packed user.</summary>
    int PackedInts { get; }

    /// <summary>How often every shape is to be computed before it is as fast, and takes as much memory, as it ever will.</summary>
    int WarmUpRounds { get; }

    /// <summary>Writes a user's state as it is sent.</summary>
    void Pack(ReadOnlySpan<float> state, Span<float> floats, Span<int> ints);

    /// <summary>What all ads of a batch share.</summary>
    /// <param name="floats">On the device, [users, <see cref="PackedFloats"/>].</param>
    /// <param name="ints">On the device, [users, <see cref="PackedInts"/>], int32.</param>
    DeviceUsers Prepare(torch.Tensor floats, torch.Tensor ints);

    /// <summary>Scores ads.</summary>
    /// <param name="users">Of <see cref="Prepare"/>.</param>
    /// <param name="ads">Ordinals on the device, [users, ads], int64.</param>
    /// <returns>Single precision, [users, ads].</returns>
    torch.Tensor Score(DeviceUsers users, torch.Tensor ads);
}

/// <summary>The users of a batch on the device, in the form that their model wants.</summary>
/// <param name="Count">Number of users.</param>
/// <param name="Parts">Tensors whose first extent is that number, unless the model says otherwise.</param>
internal sealed record DeviceUsers(long Count, params torch.Tensor[] Parts);
