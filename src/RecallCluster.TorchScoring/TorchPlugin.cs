using RecallCluster.Learning.Models;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring;

/// <summary>Scoring with libtorch, on the processor and on CUDA devices.</summary>
public sealed class TorchPlugin : IDeviceScoring
{
    /// <inheritdoc/>
    public IReadOnlyList<DeviceCheck> Inspect()
    {
        var checks = new List<DeviceCheck>
        {
            new("TorchSharp", true, $"{typeof(torch).Assembly.GetName().Version}, for libtorch {torch.__version__}"),
        };
        try
        {
            LibTorch.Load(ScorerPlace.TorchCpu);
            using torch.Tensor two = torch.ones(1) + torch.ones(1);
            checks.Add(new("libtorch", two.ToSingle() == 2, $"loads and adds; {torch.get_num_threads()} thread(s)"));
        }
        catch (DeviceUnavailableException e)
        {
            checks.Add(new("libtorch", false, e.Message));
            return checks;
        }
        try
        {
            LibTorch.Load(ScorerPlace.Cuda);
            int devices = torch.cuda.device_count();
            checks.Add(new("CUDA", devices > 0, $"{devices} device(s)"));
            for (int number = 0; number < devices; number++)
                checks.Add(CheckDevice(number));
        }
        catch (DeviceUnavailableException e)
        {
            checks.Add(new("CUDA", false, e.Message));
        }
        return checks;
    }

    /// <inheritdoc/>
    public IDeviceShard Open(DeepAdModel model, AdIndex index, GuidedSearchParameters parameters, DeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        options.Batches.Validate();
        parameters.Validate();
        TorchDevice device = TorchDevice.Open(options.Scorer, options.Precision);
        DeviceShape shape = DeviceShape.Of(device, model, index, options);
        shape.RequireRoom(options, index);
        return new TorchShard(device, shape, model, index, parameters, options);
    }

    private static DeviceCheck CheckDevice(int number)
    {
        string name = $"cuda:{number}";
        try
        {
            using torch.Tensor one = torch.ones(1, device: new torch.Device(DeviceType.CUDA, number)), two = one + one;
            return new DeviceCheck(name, two.ToSingle() == 2, "adds");
        }
        // Whatever a broken device does is what is to be reported.
        catch (Exception e)
        {
            return new DeviceCheck(name, false, TorchErrors.Gist(e));
        }
    }
}
