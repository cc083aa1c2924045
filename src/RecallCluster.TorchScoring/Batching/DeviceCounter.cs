using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>Counts what a device computed. Thread-safe.</summary>
internal sealed class DeviceCounter
{
    private long _batches, _requests, _scorings, _places, _nanScores;

    public DeviceFigures Figures => new(
        Interlocked.Read(ref _batches), Interlocked.Read(ref _requests), Interlocked.Read(ref _scorings), Interlocked.Read(ref _places),
        Interlocked.Read(ref _nanScores));

    public void Add(int requests, long scorings, long places, long nanScores)
    {
        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _requests, requests);
        Interlocked.Add(ref _scorings, scorings);
        Interlocked.Add(ref _places, places);
        Interlocked.Add(ref _nanScores, nanScores);
    }
}
