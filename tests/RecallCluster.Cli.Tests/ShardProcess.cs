namespace RecallCluster.Cli.Tests;

/// <summary>A <c>recall shard</c> of its own process, at the same address in each of its lives.</summary>
internal sealed class ShardProcess : IDisposable
{
    private readonly string[] _arguments;
    private RecallProcess _process;

    private ShardProcess(string[] arguments, Uri url)
    {
        (_arguments, Url) = (arguments, url);
        _process = RecallProcess.Start(arguments);
    }

    public Uri Url { get; }

    /// <param name="world">What it serves.</param>
    /// <param name="shard">Which part of it.</param>
    /// <param name="further">Further arguments of <c>shard</c>.</param>
    public static async Task<ShardProcess> StartAsync(TrainedWorld world, int shard, params string[] further)
    {
        Uri url = RecallProcess.FreeAddress();
        string[] arguments =
        [
            "shard", "--model", world.Models, "--index", world.IndexDirectory, "--shard", $"{shard}", "--threads", "1",
            "--json", .. further, "--url", url.ToString(),
        ];
        var started = new ShardProcess(arguments, url);
        try
        {
            await started.UntilReadyAsync();
            return started;
        }
        catch
        {
            started.Dispose();
            throw;
        }
    }

    /// <summary>Ends it as a crash would.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>Starts it again at the same address; ready when the task completes.</summary>
    public Task RestartAsync()
    {
        _process.Dispose();
        _process = RecallProcess.Start(_arguments);
        return UntilReadyAsync();
    }

    public void Freeze() => _process.Signal(RecallProcess.Freeze);

    public void Thaw() => _process.Signal(RecallProcess.Thaw);

    public void Dispose() => _process.Dispose();

    private async Task UntilReadyAsync() =>
        Assert.Equal(Url.ToString(), new Uri((await _process.ReadDocumentAsync()).GetProperty("url").GetString()!).ToString());
}
