using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Devices;

/// <summary>Whether the device still answers; it dies once.</summary>
internal sealed class DeviceHealth
{
    private readonly TaskCompletionSource<DeviceLostException> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<DeviceLostException> Lost => _lost.Task;

    /// <summary>Makes a failure of a call one that callers know, and notes it where it is the last.</summary>
    public Exception Note(Exception error, string doing)
    {
        Exception known = TorchErrors.Translate(error, doing);
        if (known is DeviceLostException lost)
            _lost.TrySetResult(lost);
        return known;
    }

    /// <exception cref="DeviceLostException">The device is lost.</exception>
    public void RequireAlive()
    {
        if (_lost.Task.IsCompletedSuccessfully)
            throw new DeviceLostException(_lost.Task.Result.Message, _lost.Task.Result);
    }
}
