using System.Runtime.InteropServices;
using RecallCluster.Serving.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring.Devices;

/// <summary>The native libraries: whether they load, and what is said of it in words that name what to install.</summary>
internal static class LibTorch
{
    private static readonly Lock Loading = new();

    /// <summary>Loads what scoring at a place needs.</summary>
    /// <exception cref="DeviceUnavailableException">Something is missing.</exception>
    public static void Load(ScorerPlace place)
    {
        bool isCuda = place == ScorerPlace.Cuda;
        lock (Loading)
        {
            // The binding prints its failures; standard output belongs to a command's result.
            TextWriter output = Console.Out;
            Console.SetOut(TextWriter.Null);
            try
            {
                if (!torch.TryInitializeDeviceType(isCuda ? DeviceType.CUDA : DeviceType.CPU))
                {
                    throw new DeviceUnavailableException(
                        NativeLibrary.TryLoad("torch_cuda", typeof(torch).Assembly, null, out _)
                            ? "libtorch for CUDA is there, but finds no device: see `nvidia-smi` for the driver."
                            : "this libtorch is for the processor only. Build with RECALL_LIBTORCH=cuda-12.8.");
                }
            }
            catch (Exception e) when (e is NotSupportedException or TypeLoadException or TypeInitializationException)
            {
                throw new DeviceUnavailableException(
                    $"libtorch {(isCuda ? "for CUDA " : "")}is not there: no {(isCuda ? "torch_cuda" : "torch_cpu")} that can be loaded. "
                    + $"Build with RECALL_LIBTORCH={(isCuda ? "cuda-12.8" : "cpu")}.", e);
            }
            finally
            {
                Console.SetOut(output);
            }
        }
    }
}
