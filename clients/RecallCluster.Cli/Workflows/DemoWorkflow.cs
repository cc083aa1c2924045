using System.Diagnostics;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Http;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;
using RecallCluster.Simulation;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The main job end to end:
/// <code>
/// world ─► data set ─► deep model, two-tower ─► index ─► tuned search ─► recall ─► front door ◄─► concurrent HTTP requests ─► report
/// </code>
/// Everything but the two models' weights in memory goes through the same files and classes as the single commands.
/// </summary>
internal sealed class DemoWorkflow(DemoOptions options)
{
    private string DataDirectory => Path.Combine(options.Directory, "data");

    private string ModelsDirectory => Path.Combine(options.Directory, "models");

    private string IndexPath => Path.Combine(options.Directory, "index");

    /// <summary>Runs all stages; the front door is left open.</summary>
    public async Task<(DemoReport Report, ServedDoor Door)> RunAsync(IStages stages, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using var team = new WorkerTeam(options.Threads);
        (Dataset dataset, double worldSeconds) = Timed(() => DrawWorld(stages));
        (TrainedModel[] models, double trainSeconds) = Timed(() =>
            new TrainWorkflow(dataset, ModelsDirectory, options.Training, team) { WithoutSideInformation = false }
                .Run(stages, cancellation));
        ComparedModels compared = ComparedModels.In(ModelsDirectory);
        var build = new IndexBuildOptions { Shards = options.Shards, Threads = options.Threads, Graph = new() { Seed = options.Seed } };
        (_, double indexSeconds) = Timed(() => IndexWorkflow.Build(dataset, compared.Deep, IndexPath, build, stages, cancellation));
        (DemoRetrieval retrieval, double tuneSeconds, double evalSeconds) = Measure(dataset, compared, team, stages, cancellation);

        long serveStart = Stopwatch.GetTimestamp();
        ServedDoor door = await OpenDoorAsync(dataset, compared.Deep, stages, cancellation).ConfigureAwait(false);
        try
        {
            DemoServing serving = await SendAsync(dataset, door, stages, cancellation).ConfigureAwait(false);
            var timings = new DemoTimings(
                worldSeconds, trainSeconds, indexSeconds, tuneSeconds, evalSeconds,
                Stopwatch.GetElapsedTime(serveStart).TotalSeconds, Stopwatch.GetElapsedTime(start).TotalSeconds);
            return (new DemoReport(options.Seed, options.Quick, options.Directory, retrieval, serving, models, timings), door);
        }
        catch
        {
            await door.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private Dataset DrawWorld(IStages stages) => stages.Run("Draw a synthetic world", stage =>
    {
        Dataset dataset = new SyntheticWorld(options.World, options.Threads).ToDataset(stage);
        DatasetDirectory.Write(dataset, DataDirectory, overwrite: true);
        return dataset;
    });

    private (DemoRetrieval Retrieval, double TuneSeconds, double EvalSeconds) Measure(
        Dataset dataset, ComparedModels compared, WorkerTeam team, IStages stages, CancellationToken cancellation)
    {
        DeepAdModel deep = IndexWorkflow.LoadDeep(compared.Deep);
        using var ads = new IndexedAds(IndexPath, compared.Deep, deep, dataset);
        var tune = new TuneWorkflow(dataset, ads, deep, IndexPath)
        {
            K = options.K,
            Wanted = options.Wanted,
            Users = options.TuneUsers,
            Seed = options.Seed,
        };
        (_, double tuneSeconds) = Timed(() => tune.Run(stages, team));
        TunedSearch tuned = IndexDirectory.ReadTuned(IndexPath, ads.Fingerprint)!;
        var eval = new EvalWorkflow(dataset, compared, team) { K = options.K, MaxUsers = options.EvalUsers, Seed = options.Seed };
        (RetrievalRow[] rows, double evalSeconds) = Timed(() => eval.Run(deep, ads, [tuned.Parameters], stages, cancellation));
        RetrievalRow exhaustive = rows.Single(r => r.Method == RetrievalRow.Exhaustive);
        RetrievalRow guided = rows.Single(r => r.Method == RetrievalRow.Guided);
        RetrievalRow twoTower = rows.Single(r => r.Method == RetrievalRow.TwoTower);
        var retrieval = new DemoRetrieval(
            guided.Recall, exhaustive.Recall, guided.RelativeRecall, guided.ScoredFraction, guided.Scorings, guided.TopKOverlap,
            twoTower.Recall, guided.VersusTwoTower, options.K, dataset.Items.Count, guided.Users);
        return (retrieval, tuneSeconds, evalSeconds);
    }

    private async Task<ServedDoor> OpenDoorAsync(Dataset dataset, string modelFolder, IStages stages, CancellationToken cancellation)
    {
        using IStage stage = stages.Begin("Open the front door");
        var host = new EmbeddedHostOptions { ModelDirectory = modelFolder, IndexDirectory = IndexPath, Users = new UserDirectory(dataset) };
        return await ServedDoor.OpenAsync(host, new FrontDoorOptions { Urls = [options.Url] }, options.Threads, cancellation)
            .ConfigureAwait(false);
    }

    private async Task<DemoServing> SendAsync(Dataset dataset, ServedDoor door, IStages stages, CancellationToken cancellation)
    {
        using IStage stage = stages.Begin("Send requests");
        byte[][] bodies = Bodies(dataset);
        int k = Math.Min(options.K, dataset.Items.Count);
        // The first requests pay for compilation; they are sent, checked, and not counted.
        await new HttpLoad(door.Addresses[0], [.. bodies.Take(50)], k).RunAsync(options.Threads, null, cancellation).ConfigureAwait(false);
        HttpLoadReport load = await new HttpLoad(door.Addresses[0], bodies, k)
            .RunAsync(options.Threads, stage, cancellation).ConfigureAwait(false);
        return new DemoServing(
            load.Requests, load.Errors, load.FirstError, load.Latencies.P50Ms, load.Latencies.P90Ms, load.Latencies.P99Ms,
            load.RequestsPerSecond, options.Threads, door.Summary.Shards, door.Addresses[0].ToString());
    }

    /// <summary>Requests of users drawn by the seed: every other one by its id, the others by profile and sequence.</summary>
    private byte[][] Bodies(Dataset dataset)
    {
        SeededRandom random = new SeededRandom(options.Seed).Split(99);
        return [.. Enumerable.Range(0, options.Requests).Select(i =>
        {
            int row = random.NextInt(dataset.Users.Count);
            object user = i % 2 == 0
                ? new { id = dataset.Users.Ids[row] }
                : new
                {
                    profile = dataset.Users.Fields.Index().ToDictionary(f => f.Item.Name, f => dataset.Users.Codes[f.Index][row]),
                    sequence = dataset.Train.ItemsOf(row).ToArray().Select(item => dataset.Items.Ids[item]),
                };
            return JsonSerializer.SerializeToUtf8Bytes(new { user, k = options.K });
        })];
    }

    private static (T Value, double Seconds) Timed<T>(Func<T> work)
    {
        long start = Stopwatch.GetTimestamp();
        T value = work();
        return (value, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
