using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

/// <summary>A place for a state file that goes when the test is over.</summary>
internal sealed class StateFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("recall-state-");

    public string Path => System.IO.Path.Combine(_folder.FullName, "state.db");

    public Task<ServingState> OpenAsync(TimeProvider clock, ServingStateOptions? options = null) =>
        ServingState.OpenAsync(Path, clock, options);

    public void Dispose() => _folder.Delete(recursive: true);
}
