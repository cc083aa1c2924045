namespace RecallCluster.Cli.Tests;

/// <summary>A tiny world with its models and its index, made once by the commands themselves.</summary>
public sealed class TrainedWorld : IAsyncLifetime, IDisposable
{
    private readonly Scratch _scratch = new();

    internal Recall Synth { get; private set; } = null!;

    internal Recall Train { get; private set; } = null!;

    internal Recall Index { get; private set; } = null!;

    internal Recall Tune { get; private set; } = null!;

    public string Data => _scratch["data"];

    public string Models => _scratch["models"];

    public string IndexDirectory => _scratch["index"];

    public string this[string name] => _scratch[name];

    public async Task InitializeAsync()
    {
        Synth = await Recall.RunAsync(
            "data", "synth", "--out", Data, "--items", "1000", "--users", "400", "--clicks", "8", "--json", "--seed", "5");
        Train = await Recall.RunAsync(
            "train", "--data", Data, "--out", Models, "--epochs", "8", "--learning-rate", "0.01", "--batch", "64", "--negatives", "32",
            "--k", "50", "--json");
        Index = await Recall.RunAsync(
            "index", "build", "--data", Data, "--model", Models, "--out", IndexDirectory, "--shards", "2", "--json");
        Tune = await Recall.RunAsync(
            "tune", "--data", Data, "--model", Models, "--index", IndexDirectory, "--k", "20", "--users", "20", "--recall", "0.5",
            "--scorings", "1000", "--json");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _scratch.Dispose();
}
