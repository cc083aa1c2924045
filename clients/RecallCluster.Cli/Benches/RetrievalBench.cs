using System.Diagnostics;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Tuning;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;
using EventLog = RecallCluster.Data.EventLog;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// Model-guided retrieval at the source's scale: a world is made, the models are trained on it, the index is built and tuned, and then
/// recall and time of the guided search are measured against scoring every ad, with the deep model and with the two-tower.
/// </summary>
internal sealed class RetrievalBench : IDisposable
{
    private const int TuningUsers = 24;
    private const double TunedOverlap = 0.9;
    private readonly RetrievalOptions _options;
    private readonly RetrievalWorkbench _workbench;
    private readonly Dataset _dataset;
    private readonly WorkbenchTimes _times;
    private readonly WorkerTeam _team;
    private readonly AdIndex _index;
    private readonly double _openMs;
    private readonly IScorer _scorer;
    private readonly IScorer _exact;
    private readonly TargetVectors _ads;
    private readonly UserEncoder _encoder;
    private readonly TwoTowerModel _twoTower;
    private readonly DeepAdModel _deep;

    private RetrievalBench(RetrievalOptions options, RetrievalWorkbench workbench, Dataset dataset, WorkbenchTimes times, WorkerTeam team)
    {
        _options = options;
        _workbench = workbench;
        _dataset = dataset;
        _times = times;
        _team = team;
        DeepAdModel deep = _deep = IndexWorkflow.LoadDeep(workbench.DeepFolder);
        _twoTower = ModelDirectory.Load(workbench.TwoTowerFolder) as TwoTowerModel
            ?? throw new InvalidDataException($"{workbench.TwoTowerFolder}: holds no two-tower model.");
        long start = Stopwatch.GetTimestamp();
        _index = AdIndex.Open(IndexDirectory.ShardPath(workbench.IndexFolder, 0));
        _openMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        _index.Warm();
        _scorer = IndexScorer.Of(deep, _index, options.Bfloat16);
        _exact = options.Bfloat16 ? IndexScorer.Of(deep, _index) : _scorer;
        _ads = TargetVectors.Of(deep.Config, _index);
        _encoder = UserEncoder.Of(deep, _ads, options.Attention == AttentionKind.Linear);
    }

    /// <summary>Makes what is missing and measures.</summary>
    public static RetrievalReport Run(RetrievalOptions options, IStages stages, CancellationToken cancellation) =>
        Run(options, stages, bench => bench.Measure(stages, cancellation), cancellation);

    /// <summary>
    /// Makes what is missing and measures requests under way at once alone, with the knobs that a former run has tuned, where there was
    /// one.
    /// </summary>
    public static InFlightReport RunInFlight(RetrievalOptions options, IStages stages, CancellationToken cancellation) =>
        Run(options, stages, bench =>
        {
            GuidedSearchParameters tuned = bench.KeptParameters() ?? stages.Run("Tune the search", bench.Tune).Best.Parameters;
            int[] users = bench.Sample(bench._dataset.Test, options.EvaluatedUsers, stream: 2);
            return stages.Run("Time requests at once", () => bench.MeasureInFlight(bench.WholeOf(tuned), users));
        }, cancellation);

    private static T Run<T>(RetrievalOptions options, IStages stages, Func<RetrievalBench, T> measure, CancellationToken cancellation)
    {
        string folder = options.Work ?? Directory.CreateTempSubdirectory("recall-bench-").FullName;
        try
        {
            using var team = new WorkerTeam(options.Threads);
            var workbench = new RetrievalWorkbench(folder, options, team);
            (Dataset dataset, WorkbenchTimes times) = workbench.Prepare(stages, cancellation);
            using var bench = new RetrievalBench(options, workbench, dataset, times, team);
            return measure(bench);
        }
        finally
        {
            if (options.Work is null)
                Directory.Delete(folder, recursive: true);
        }
    }

    public void Dispose()
    {
        _ads.Dispose();
        (_scorer as IDisposable)?.Dispose();
        (_exact as IDisposable)?.Dispose();
        _index.Dispose();
    }

    private RetrievalReport Measure(IStages stages, CancellationToken cancellation)
    {
        TuningResult tuning = stages.Run("Tune the search", Tune);
        cancellation.ThrowIfCancellationRequested();
        GuidedSearchParameters tuned = tuning.Best.Parameters with { Visited = _options.Visited };
        GuidedSearchParameters whole = WholeOf(tuned);
        GuidedSearch[] searches = [.. new[] { whole, tuned }.Select(p => new GuidedSearch(_index.Graph, _scorer, p, _team))];
        int[] users = Sample(_dataset.Test, _options.EvaluatedUsers, stream: 2);
        Recalls recalls = stages.Run("Measure recall", stage => MeasureRecall(searches, users, stage, cancellation));
        double[] twoTower = stages.Run("Measure the two-tower", () => TwoTowerRecalls(users));
        cancellation.ThrowIfCancellationRequested();
        PairedComparison deepOverTwoTower = PairedComparison.Of(recalls.Exhaustive, twoTower);
        long content = (_index.Vectors.Length + _index.Records.Length) * sizeof(float) + GraphBytes();
        SearchFigures atBudget = stages.Run("Time requests at the whole budget", () => FiguresOf(searches[0], recalls, 0, users));
        return new RetrievalReport
        {
            Items = _index.Count,
            K = _options.K,
            Scorings = atBudget.Scorings,
            ScoredFraction = atBudget.ScoredFraction,
            RelativeRecall = atBudget.RelativeRecall,
            TopKOverlap = atBudget.TopKOverlap,
            Recall = atBudget.Recall,
            ExhaustiveRecall = deepOverTwoTower.First,
            TwoTowerRecall = deepOverTwoTower.Second,
            DeepOverTwoTower = deepOverTwoTower.Difference,
            EvaluatedUsers = users.Length,
            P50Ms = atBudget.P50Ms,
            P99Ms = atBudget.P99Ms,
            RequestsPerSecond = atBudget.RequestsPerSecond,
            Threads = _options.Threads,
            MeanMs = atBudget.MeanMs,
            Tuned = stages.Run("Time requests at the tuned budget", () => FiguresOf(searches[1], recalls, 1, users)),
            BytesPerItem = (double)_index.FileBytes / _index.Count,
            MemoryRatio = (double)_index.FileBytes / content,
            OpenMs = _openMs,
            BuildSeconds = _times.BuildSeconds,
            TrainSeconds = _times.TrainSeconds,
            Attention = _options.Attention,
            Records = _options.Bfloat16 ? "bfloat16" : "float32",
            InFlight = _options.InFlight.Count == 0
                ? null
                : stages.Run("Time requests at once", () => MeasureInFlight(whole, users)),
            Frontier = [.. tuning.Frontier.Select(p => new FrontierPoint(p.RelativeRecall, p.Scorings, p.ScoredFraction, p.Milliseconds))],
        };
    }

    // With room in W for all that it may score, the walk ends with the budget and not before; with so many to score, batches may be large.
    // A width without an end is one of K, or a device's hop would have places for the neighbours of all that is kept.
    private GuidedSearchParameters WholeOf(GuidedSearchParameters tuned) => tuned with
    {
        MaxScorings = _options.Scorings,
        Visited = _options.Visited,
        Layers =
        [
            new LayerBudget(
                Math.Max(tuned[0].Ef, _options.Scorings), tuned[0].Hops,
                Math.Clamp(tuned[0].Width, Math.Max(1, _options.K / 3), Math.Max(1, _options.K))),
            .. tuned.Layers.Skip(1),
        ],
    };

    private GuidedSearchParameters? KeptParameters() =>
        IndexDirectory.ReadTuned(_workbench.IndexFolder, ModelFingerprint.Of(_workbench.DeepFolder)) is { } kept
            && kept.K == _options.K && kept.Wanted == TunedOverlap && kept.Parameters.MaxScorings <= _options.Scorings
            ? kept.Parameters
            : null;

    private InFlightReport MeasureInFlight(GuidedSearchParameters parameters, int[] users)
    {
        InFlightRequest[] requests =
            [.. users.Select(user => new InFlightRequest(
                StateOf(user, _dataset.Train, _dataset.Validation), BehaviourOf(user, _dataset.Train, _dataset.Validation)))];
        var host = new GuidedSearch(_index.Graph, _exact, parameters);
        if (_options.Export is { } path)
            InFlightBench.Export(path, requests, host, _options.K);
        FoldedWeights weights = ModelFolder.Weights(_deep);
        long products = ((long)weights.Width * (weights.Hidden1 + 2)) + ((long)weights.Hidden1 * weights.Hidden2) + weights.Hidden2;
        DeviceOptions? on = _options.DeviceOf(_workbench.DeepFolder);
        bool isHalf = on is { Precision: not ScorerPrecision.Fp32 } || (on is null && _options.Bfloat16);
        long bytes = ((weights.Width + weights.Hidden1) * (isHalf ? sizeof(ushort) : sizeof(float))) + (weights.Match.Fields * sizeof(int));
        using IDeviceShard? device = on is null ? null : DevicePlugin.Load().Open(_deep, _index, parameters, on);
        var search = new GuidedSearch(_index.Graph, device?.Scorer ?? _scorer, parameters);
        var bench = new InFlightBench(search, device?.Walker, device, requests, _options.K)
        {
            Cost = (2.0 * products, bytes),
            TimeOfRow = _options.TimeOfRow,
        };
        return bench.Run((on?.Scorer ?? ScorerChoice.Cpu).ToString(), host, _options.InFlight, _options.Requests);
    }

    private SearchFigures FiguresOf(GuidedSearch search, Recalls recalls, int number, int[] users)
    {
        (Latencies latencies, RetrievalTimes times) = TimeOneByOne(search, users);
        double recall = recalls.Guided[number].Average(), scorings = recalls.Scorings[number];
        return new SearchFigures(
            scorings,
            scorings / _index.Count,
            recall,
            recall / recalls.Exhaustive.Average(),
            recalls.Overlap[number],
            latencies.P50Ms,
            latencies.P99Ms,
            TimeSideBySide(new GuidedSearch(_index.Graph, _scorer, search.Parameters), users),
            times,
            search.Parameters);
    }

    private TuningResult Tune()
    {
        TuningQuery[] queries =
        [
            .. Sample(_dataset.Validation, TuningUsers, stream: 1).Select(
                user => new TuningQuery(StateOf(user, _dataset.Train), []) { Seeds = BehaviourOf(user, _dataset.Train) }),
        ];
        var tuning = new TuningOptions
        {
            K = _options.K,
            WantedRecall = TunedOverlap,
            Goal = TuningGoal.TopKOverlap,
            MaxScorings = _options.Scorings,
        };
        TuningResult result = SearchTuner.Run(_index.Graph, _scorer, queries, tuning, _team);
        IndexDirectory.WriteTuned(_workbench.IndexFolder, new TunedSearch
        {
            ModelFingerprint = ModelFingerprint.Of(_workbench.DeepFolder),
            K = _options.K,
            Wanted = TunedOverlap,
            Reached = result.Best.RelativeRecall,
            ScoredFraction = result.Best.ScoredFraction,
            Parameters = result.Best.Parameters,
        });
        return result;
    }

    private Recalls MeasureRecall(GuidedSearch[] searches, int[] users, IProgress<double> progress, CancellationToken cancellation)
    {
        var all = new ExhaustiveSearch(_exact, _team);
        double[][] guided = [.. searches.Select(_ => new double[users.Length])];
        var exhaustive = new double[users.Length];
        var overlap = new double[searches.Length];
        var scorings = new double[searches.Length];
        for (int i = 0; i < users.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            float[] state = StateOf(users[i], _dataset.Train, _dataset.Validation);
            int[] seeds = BehaviourOf(users[i], _dataset.Train, _dataset.Validation);
            HashSet<int> wanted = [.. _dataset.Test.ItemsOf(users[i]).ToArray().Select(Ordinal)];
            HashSet<int> best = [.. all.Search(state, _options.K).Ordinals];
            exhaustive[i] = (double)best.Count(wanted.Contains) / wanted.Count;
            for (int search = 0; search < searches.Length; search++)
            {
                GuidedSearchResult found = searches[search].Search(new GuidedRequest(state, _options.K) { Seeds = seeds });
                guided[search][i] = (double)found.Ordinals.Count(wanted.Contains) / wanted.Count;
                overlap[search] += (double)found.Ordinals.Count(best.Contains) / best.Count / users.Length;
                scorings[search] += (double)found.Statistics.Scorings / users.Length;
            }
            progress.Report((i + 1.0) / users.Length);
        }
        return new Recalls(guided, exhaustive, overlap, scorings);
    }

    private double[] TwoTowerRecalls(int[] users)
    {
        using TargetVectors targets = TargetVectors.Compute(_twoTower, _dataset.Items, _team);
        using PreparedModel prepared = PreparedModel.Of(_twoTower, targets, _team);
        return new RetrievalEvaluator(_dataset, _team).TestRecalls(
            users, _options.K, prepared.Encoder, new ExhaustiveRetriever(prepared.Scorer));
    }

    private (Latencies Latencies, RetrievalTimes Times) TimeOneByOne(GuidedSearch search, int[] users)
    {
        var requester = new Requester(this, search, users);
        requester.Run(0, Math.Min(50, _options.Requests));
        requester.Reset();
        requester.Run(0, _options.Requests);
        return (Latencies.Of([.. requester.Milliseconds]), requester.Times());
    }

    private double TimeSideBySide(GuidedSearch search, int[] users)
    {
        Requester[] requesters = [.. Enumerable.Range(0, _options.Threads).Select(_ => new Requester(this, search, users))];
        foreach (Requester requester in requesters)
            requester.Run(0, 10);
        long start = Stopwatch.GetTimestamp();
        Thread[] threads =
            [.. requesters.Select((requester, i) => new Thread(() => requester.Run(i * _options.Requests, _options.Requests)))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return threads.Length * _options.Requests / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private int[] Sample(EventLog log, int count, ulong stream)
    {
        int[] users = [.. Enumerable.Range(0, _dataset.Users.Count).Where(user => log.ItemsOf(user).Length > 0)];
        new SeededRandom(_options.Seed).Split(stream).Shuffle(users.AsSpan());
        return users[..Math.Min(count, users.Length)];
    }

    private float[] StateOf(int user, params ReadOnlySpan<EventLog> known)
    {
        var state = new float[_encoder.UserStateLength];
        _encoder.Encode(ProfileOf(user), BehaviourOf(user, known), state);
        return state;
    }

    private int[] ProfileOf(int user) => Array.ConvertAll(_dataset.Users.Codes, field => field[user]);

    private int[] BehaviourOf(int user, params ReadOnlySpan<EventLog> known)
    {
        var rows = new List<int>();
        foreach (EventLog log in known)
            rows.AddRange(log.ItemsOf(user));
        return [.. rows.Select(Ordinal)];
    }

    private int Ordinal(int item) => _index.TryOrdinalOf(_dataset.Items.Ids[item], out int ordinal)
        ? ordinal
        : throw new InvalidDataException($"{_index.FilePath}: has no ad '{_dataset.Items.Ids[item]}'.");

    private long GraphBytes()
    {
        HnswGraph graph = _index.Graph;
        long numbers = graph.BaseSplits.Length + graph.BaseNeighbors.Length
            + graph.UpperRows.Length + graph.UpperSplits.Length + graph.UpperNeighbors.Length;
        return graph.Levels.Length + (sizeof(int) * numbers);
    }

    /// <summary>
    /// Recall by search and test user, and of scoring every ad; by search the share of the K best found and scorings, on average.
    /// </summary>
    private sealed record Recalls(double[][] Guided, double[] Exhaustive, double[] Overlap, double[] Scorings);

    /// <summary>Sends requests of the test users, one after the other, on one thread.</summary>
    private sealed class Requester(RetrievalBench bench, GuidedSearch search, int[] users)
    {
        private readonly GuidedSearchScratch _scratch = new();
        private readonly int[] _ordinals = new int[bench._options.K];
        private readonly float[] _scores = new float[bench._options.K];
        private readonly float[] _state = new float[bench._encoder.UserStateLength];
        private readonly (int[] Profile, int[] Behaviour)[] _requests =
            [.. users.Select(user => (bench.ProfileOf(user), bench.BehaviourOf(user, bench._dataset.Train, bench._dataset.Validation)))];

        private long _encode, _gather, _score, _select, _search;

        public List<double> Milliseconds { get; } = [];

        public void Reset()
        {
            Milliseconds.Clear();
            _encode = _gather = _score = _select = _search = 0;
        }

        public void Run(int first, int count)
        {
            for (int i = first; i < first + count; i++)
            {
                (int[] profile, int[] behaviour) = _requests[i % _requests.Length];
                long start = Stopwatch.GetTimestamp();
                bench._encoder.Encode(profile, behaviour, _state);
                long encoded = Stopwatch.GetTimestamp();
                search.Search(
                    new GuidedRequest(_state, bench._options.K) { Seeds = behaviour }, _scratch, _ordinals, _scores,
                    out GuidedSearchStatistics statistics);
                long end = Stopwatch.GetTimestamp();
                Milliseconds.Add(Stopwatch.GetElapsedTime(start, end).TotalMilliseconds);
                _encode += encoded - start;
                _gather += statistics.GatherTicks;
                _score += statistics.ScoreTicks;
                _select += statistics.SelectTicks;
                _search += end - encoded;
            }
        }

        public RetrievalTimes Times()
        {
            double Mean(long ticks) => Stopwatch.GetElapsedTime(0, ticks).TotalMilliseconds / Math.Max(1, Milliseconds.Count);
            return new RetrievalTimes(
                Mean(_encode), Mean(_gather), Mean(_score), Mean(_select), Mean(_search - _gather - _score - _select));
        }
    }
}
