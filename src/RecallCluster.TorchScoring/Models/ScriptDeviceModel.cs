using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring.Models;

/// <summary>
/// A user's own model as a TorchScript module: prepared user states and the ads' target vectors in, scores out
/// (<see cref="DeviceOptions.ModulePath"/>). What it answers to a trial batch is checked when it is loaded.
/// </summary>
internal sealed class ScriptDeviceModel : IDeviceModel
{
    private const int TrialUsers = 2, TrialAds = 3;
    private readonly TorchDevice _device;
    private readonly torch.jit.ScriptModule _module;
    private readonly torch.Tensor _vectors;
    private readonly string _path;
    private readonly int _width;

    /// <param name="device">Where; modules are given and give single precision.</param>
    /// <param name="path">The module's file.</param>
    /// <param name="index">The ads; it stays with the caller.</param>
    /// <param name="userStateLength">Floats of a prepared user state.</param>
    /// <exception cref="InvalidDataException">It does not load, it throws, or what it answers is no score for each ad.</exception>
    public ScriptDeviceModel(TorchDevice device, string path, AdIndex index, int userStateLength)
    {
        (_device, _path, _width) = (device, path, index.Dim);
        (ItemCount, UserStateLength) = (index.Count, userStateLength);
        if (!File.Exists(path))
            throw new InvalidDataException($"{path}: there is no such module.");
        try
        {
            _module = torch.jit.load(path, device.Device.type, device.IsCuda ? device.Device.index : -1);
            _module.eval();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Failed("does not load", e);
        }
        try
        {
            _vectors = AdTable.Floats(device with { Floats = torch.ScalarType.Float32 }, index.Vectors, index.Count, index.Dim, index.Dim);
            Try();
        }
        catch
        {
            _vectors?.Dispose();
            _module.Dispose();
            throw;
        }
    }

    /// <summary>Bytes that the tables of an index will take.</summary>
    public static long TableBytesOf(AdIndex index) => (index.Count + 1L) * index.Dim * sizeof(float);

    public int ItemCount { get; }

    public int UserStateLength { get; }

    public int PackedFloats => UserStateLength;

    // A tensor has to have something.
    public int PackedInts => 1;

    // TorchScript runs a module as it is, notes the shapes, and compiles for them when it sees them again.
    public int WarmUpRounds => 3;

    public void Pack(ReadOnlySpan<float> state, Span<float> floats, Span<int> ints) => state.CopyTo(floats);

    public DeviceUsers Prepare(torch.Tensor floats, torch.Tensor ints) => new(floats.shape[0], floats);

    public torch.Tensor Score(DeviceUsers users, torch.Tensor ads)
    {
        torch.Tensor vectors = _vectors.index_select(0, ads.reshape(-1)).view(ads.shape[0], ads.shape[1], _width);
        return _module.forward(users.Parts[0], vectors) is torch.Tensor scores && Fits(scores, ads.shape[0], ads.shape[1])
            ? scores.to(_device.Device)
            : throw new InvalidDataException($"{_path}: forward answered something else than to the trial batch.");
    }

    public void Dispose()
    {
        _vectors.Dispose();
        _module.Dispose();
    }

    private static bool Fits(torch.Tensor scores, long users, long ads) =>
        scores.dtype == torch.ScalarType.Float32 && scores.shape is [var rows, var columns] && rows == users && columns == ads;

    private void Try()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable inference = torch.inference_mode();
        torch.Tensor users = torch.zeros(TrialUsers, UserStateLength, device: _device.Device);
        torch.Tensor vectors = torch.zeros(TrialUsers, TrialAds, _width, device: _device.Device);
        object answer;
        try
        {
            answer = _module.forward(users, vectors);
        }
        catch (Exception e) when (TorchErrors.Translate(e, _path) == e)
        {
            throw Failed("forward failed on a trial batch", e);
        }
        string wanted = $"forward([{TrialUsers}, {UserStateLength}], [{TrialUsers}, {TrialAds}, {_width}]) is to answer a Float32 tensor "
            + $"[{TrialUsers}, {TrialAds}]";
        if (answer is not torch.Tensor scores)
            throw new InvalidDataException($"{_path}: {wanted}, not a {answer?.GetType().Name ?? "nothing"}.");
        if (!Fits(scores, TrialUsers, TrialAds))
            throw new InvalidDataException($"{_path}: {wanted}, not {scores.dtype} [{string.Join(", ", scores.shape)}].");
    }

    private InvalidDataException Failed(string what, Exception error) => new($"{_path}: {what}: {TorchErrors.Gist(error)}", error);
}
