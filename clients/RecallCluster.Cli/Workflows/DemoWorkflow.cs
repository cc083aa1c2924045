using System.Diagnostics;
using RecallCluster.AdServer;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Serving.Indexes;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The main job end to end:
/// <code>
/// world ─► data set ─► deep model, two-tower ─► index ─► tuned search ─► recall
///      └─► market ─► history ─► campaigns ─► a day over HTTP, killed on the way ─► report ◄─ the same day with one part off
/// </code>
/// Everything goes through the same files and classes as the single commands; the served day through <c>serve</c> in a process of its own,
/// or through a cluster of silos.
/// </summary>
internal sealed class DemoWorkflow(DemoOptions options)
{
    private readonly DemoFiles _files = new(options.Directory);
    private DemoMarketplace? _market;
    private CampaignPlan[] _plans = [];

    /// <summary>Runs all stages.</summary>
    public async Task<DemoReport> RunAsync(IStages stages, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using var team = new WorkerTeam(options.Threads);
        ((Dataset dataset, TrafficWorld traffic), double worldSeconds) = Timed(() => DrawWorld(stages));
        (TrainedModel[] models, double trainSeconds) = Timed(() =>
            new TrainWorkflow(dataset, _files.Models, options.Training, team) { WithoutSideInformation = false }.Run(stages, cancellation));
        ComparedModels compared = ComparedModels.In(_files.Models);
        var build = new IndexBuildOptions { Shards = options.Shards, Threads = options.Threads, Graph = new() { Seed = options.Seed } };
        (_, double indexSeconds) = Timed(() => IndexWorkflow.Build(dataset, compared.Deep, _files.Index, build, stages, cancellation));
        (DemoRetrieval retrieval, double tuneSeconds, double evalSeconds) = Measure(dataset, compared, team, stages, cancellation);

        _market = new DemoMarketplace(options, _files, dataset, traffic);
        long historyStart = Stopwatch.GetTimestamp();
        using (stages.Begin("Write the market"))
            _market.Write();
        _plans = await _market.PlanAsync(stages, cancellation).ConfigureAwait(false);
        double historySeconds = Stopwatch.GetElapsedTime(historyStart).TotalSeconds;
        long serveStart = Stopwatch.GetTimestamp();
        ServedDayResult served = await _market.ServeAsync(_plans, stages, cancellation).ConfigureAwait(false);
        double serveSeconds = Stopwatch.GetElapsedTime(serveStart).TotalSeconds;
        long ablationStart = Stopwatch.GetTimestamp();
        DemoAblation[] ablation = await _market.AblateAsync(_plans, compared, team, stages, cancellation).ConfigureAwait(false);
        var timings = new DemoTimings(
            worldSeconds, trainSeconds, indexSeconds, tuneSeconds, evalSeconds, historySeconds, serveSeconds,
            Stopwatch.GetElapsedTime(ablationStart).TotalSeconds, Stopwatch.GetElapsedTime(start).TotalSeconds);
        DemoOutcome outcome = served.Outcome;
        return new DemoReport(
            options.Seed, options.Quick, options.Directory, retrieval, ServingOf(served), outcome.Calibration(),
            outcome.Bidding(_market.Bounds),
            outcome.Market(traffic), FeedbackOf(served), ablation, models, timings)
        {
            Cluster = served.Cluster,
        };
    }

    /// <summary>After <see cref="RunAsync"/>: goes on serving with traffic until told to stop.</summary>
    /// <exception cref="InvalidOperationException">Nothing was run.</exception>
    public Task ServeOnAsync(Action<Uri> opened, CancellationToken cancellation) =>
        (_market ?? throw new InvalidOperationException("There is no market yet.")).ServeOnAsync(_plans, opened, cancellation);

    private (Dataset Dataset, TrafficWorld Traffic) DrawWorld(IStages stages) => stages.Run("Draw a synthetic world", stage =>
    {
        var world = new SyntheticWorld(options.World, options.Threads);
        Dataset dataset = world.ToDataset(stage);
        DatasetDirectory.Write(dataset, _files.Data, overwrite: true);
        new TrafficFile(options.World, options.Traffic).Write(_files.Traffic);
        return (dataset, new TrafficWorld(world, options.Traffic));
    });

    private (DemoRetrieval Retrieval, double TuneSeconds, double EvalSeconds) Measure(
        Dataset dataset, ComparedModels compared, WorkerTeam team, IStages stages, CancellationToken cancellation)
    {
        DeepAdModel deep = IndexWorkflow.LoadDeep(compared.Deep);
        using var ads = new IndexedAds(_files.Index, compared.Deep, deep, dataset);
        var tune = new TuneWorkflow(dataset, ads, deep, _files.Index)
        {
            K = options.K, Wanted = options.Wanted, Users = options.TuneUsers, MaxScorings = options.MaxScorings, Seed = options.Seed,
        };
        (_, double tuneSeconds) = Timed(() => tune.Run(stages, team));
        TunedSearch tuned = IndexDirectory.ReadTuned(_files.Index, ads.Fingerprint)!;
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

    private DemoServing ServingOf(ServedDayResult served)
    {
        PublisherBooks books = served.Outcome.Books;
        Latencies latencies = Latencies.Of([.. books.Latencies]);
        return new DemoServing(
            books.Requests, served.FailuresElsewhere, served.FailuresElsewhere > 0 ? books.FirstFailure : null, latencies.P50Ms,
            latencies.P90Ms,
            latencies.P99Ms, books.Requests / served.Seconds, options.Shards);
    }

    private static DemoFeedback FeedbackOf(ServedDayResult served)
    {
        PublisherBooks books = served.Outcome.Books;
        return new DemoFeedback(
            books.Sent, books.Applied, books.Duplicates, books.Refused, books.Lost, 1, served.SecondsAway, books.Unanswered,
            served.Outcome.LedgersThatDiffer());
    }

    private static (T Value, double Seconds) Timed<T>(Func<T> work)
    {
        long start = Stopwatch.GetTimestamp();
        T value = work();
        return (value, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
