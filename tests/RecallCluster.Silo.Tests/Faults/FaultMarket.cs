using System.Globalization;
using RecallCluster.Bidding.Money;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>A small market with a model and an index of its own, made once by the program's own commands.</summary>
internal sealed class FaultMarket : IDisposable
{
    /// <summary>Campaigns, with ids from 1. Odd ones pay for clicks, even ones for impressions.</summary>
    public const int Campaigns = 24;

    /// <summary>Shards of the index.</summary>
    public const int Shards = 3;

    // From here on they run dry, one after the other.
    private const int FirstPoor = 17;
    private const string DeepModel = "deep", Versions = "versions";
    private const int Ads = 1_000, Users = 400;

    private readonly Scratch _folder = new();

    private FaultMarket()
    {
    }

    /// <summary>The data set that its model and its index are of.</summary>
    public string Data => _folder["data"];

    /// <summary>Settings of a silo that serves it.</summary>
    public string[] Settings =>
    [
        $"--directories:model={_folder[Path.Combine("models", DeepModel)]}", $"--directories:index={_folder["index"]}",
        $"--directories:market={_folder["market"]}", $"--directories:versions={_folder[Versions]}",
    ];

    /// <summary>The business clock of a cluster that starts now.</summary>
    public static string[] ClockFromNow()
    {
        string now = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        return [$"--clock:realOrigin={now}", $"--clock:businessOrigin={SmallMarket.Morning:O}"];
    }

    /// <summary>Makes it.</summary>
    public static async Task<FaultMarket> MakeAsync()
    {
        var market = new FaultMarket();
        Scratch folder = market._folder;
        Directory.CreateDirectory(folder[Versions]);
        string data = market.Data, models = folder["models"], index = folder["index"];
        await RecallAsync("data", "synth", "--out", data, "--items", $"{Ads}", "--users", $"{Users}", "--clicks", "8", "--seed", "5");
        await BuildAsync(data, models, index, seed: 1);
        await RecallAsync(
            "tune", "--data", data, "--model", models, "--index", index, "--k", "100", "--users", "20", "--recall", "0.9",
            "--scorings", "3000");
        SmallMarket.Write(
            folder["market"], Campaigns, Ads,
            id => id < FirstPoor ? Micros.FromUnits(100_000) : new Micros(250_000L << (id - FirstPoor)), 0.02);
        return market;
    }

    /// <summary>The user of a request.</summary>
    public static string UserOf(int request) => $"user{request * 7 % Users}";

    /// <summary>Makes another version of model and index, for the same ads.</summary>
    /// <param name="name">Its name.</param>
    public Task MakeVersionAsync(string name)
    {
        string version = _folder[Path.Combine(Versions, name)];
        return BuildAsync(Data, Path.Combine(version, "model"), Path.Combine(version, "index"), seed: 2);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task BuildAsync(string data, string models, string index, int seed)
    {
        await RecallAsync(
            "train", "--data", data, "--out", models, "--epochs", "4", "--learning-rate", "0.01", "--batch", "64", "--negatives", "32",
            "--k", "50", "--seed", $"{seed}");
        await RecallAsync("index", "build", "--data", data, "--model", models, "--out", index, "--shards", $"{Shards}");
    }

    private static async Task RecallAsync(params string[] arguments)
    {
        RecallProgram run = await RecallProgram.RunAsync(arguments);
        if (run.ExitCode != 0)
            throw new InvalidOperationException($"recall {string.Join(' ', arguments)} ended with {run.ExitCode}: {run.Error}");
    }
}
