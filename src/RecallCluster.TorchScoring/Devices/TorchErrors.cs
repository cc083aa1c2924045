using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Devices;

/// <summary>Tells by what libtorch says whether a device is full, is lost, or only a call was wrong.</summary>
internal static class TorchErrors
{
    private static readonly string[] Full = ["out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "not enough memory"];
    private static readonly string[] Lost = ["CUDA error", "CUDA driver error", "CUBLAS_STATUS_", "CUDNN_STATUS_", "device-side assert"];

    /// <summary>The failure as this part's callers know it; the same one where it says nothing of the device.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="doing">What was being done, to begin the message with.</param>
    public static Exception Translate(Exception error, string doing) => error switch
    {
        DeviceLostException or DeviceMemoryException => error,
        _ when Says(error, Full) => new DeviceMemoryException($"{doing}: the device's memory is full. {Gist(error)}", error),
        _ when Says(error, Lost) => new DeviceLostException($"{doing}: the device is lost. {Gist(error)}", error),
        _ => error,
    };

    /// <summary>What went wrong, without libtorch's stack and a module's traceback.</summary>
    public static string Gist(Exception error)
    {
        string[] lines = error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.LastOrDefault(line => line.Contains("Error: ", StringComparison.Ordinal))
            ?? lines.FirstOrDefault()
            ?? error.GetType().Name;
    }

    private static bool Says(Exception error, string[] phrases) =>
        phrases.Any(phrase => error.Message.Contains(phrase, StringComparison.OrdinalIgnoreCase));
}
