using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Cli.Workflows;

/// <summary>Which models are compared; a folder that is null is left out.</summary>
internal sealed record ComparedModels(string Deep, string? TwoTower, string? NoSideInformation)
{
    public static ComparedModels In(string directory) => new(
        ModelFolders.DeepIn(directory),
        ModelFolders.FindBeside(directory, ModelFolders.TwoTower),
        ModelFolders.FindBeside(directory, ModelFolders.NoSideInformation));
}

/// <summary>
/// Recall of every method on the same test users: all ads scored by the deep model, the guided search at several budgets, all ads scored by
/// the two-tower model and by the deep model without side information.
/// </summary>
internal sealed class EvalWorkflow(Dataset dataset, ComparedModels models, WorkerTeam team)
{
    private readonly RetrievalEvaluator _evaluator = new(dataset, team);
    private int[] _users = [];

    public required int K { get; init; }

    /// <summary>Most test users, drawn by the seed; 0 for all.</summary>
    public int MaxUsers { get; init; }

    public ulong Seed { get; init; } = 1;

    /// <summary>Measures all methods; the guided searches with <paramref name="settings"/>, one row each.</summary>
    public RetrievalRow[] Run(
        DeepAdModel deep, IndexedAds ads, IReadOnlyList<GuidedSearchParameters> settings, IStages stages, CancellationToken cancellation)
    {
        _users = Users();
        if (_users.Length == 0)
            throw new InvalidDataException($"Data set '{dataset.Name}' has no test events.");
        using TargetVectors targets = stages.Run("Compute target vectors", () => TargetVectors.Compute(deep, dataset.Items, team));
        using PreparedModel prepared = PreparedModel.Of(deep, targets, team);
        var measured = new List<Measured>();
        Measured exhaustive = Measure(RetrievalRow.Exhaustive, prepared.Encoder, new ExhaustiveRetriever(prepared.Scorer), null, stages);
        measured.Add(exhaustive);
        foreach (GuidedSearchParameters setting in settings)
        {
            cancellation.ThrowIfCancellationRequested();
            measured.Add(Measure(RetrievalRow.Guided, prepared.Encoder, new GuidedRetriever(ads, setting), setting, stages));
        }
        Measured? twoTower = MeasureModel(RetrievalRow.TwoTower, models.TwoTower, stages);
        Measured? bare = MeasureModel(RetrievalRow.WithoutSideInformation, models.NoSideInformation, stages);
        measured.AddRange(new[] { twoTower, bare }.OfType<Measured>());
        return [.. measured.Select(m => RowOf(m, exhaustive, twoTower, bare))];
    }

    private int[] Users()
    {
        int[] users = _evaluator.TestUsers();
        if (MaxUsers <= 0 || users.Length <= MaxUsers)
            return users;
        new SeededRandom(Seed).Shuffle(users.AsSpan());
        Array.Resize(ref users, MaxUsers);
        Array.Sort(users);
        return users;
    }

    private Measured? MeasureModel(string method, string? folder, IStages stages)
    {
        if (folder is null)
            return null;
        IAdModel model = ModelDirectory.Load(folder);
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items, team);
        using PreparedModel prepared = PreparedModel.Of(model, targets, team);
        return Measure(method, prepared.Encoder, new ExhaustiveRetriever(prepared.Scorer), null, stages);
    }

    private Measured Measure(string method, IUserEncoder encoder, IRetriever retriever, GuidedSearchParameters? parameters, IStages stages)
    {
        string title = parameters is null ? $"Recall of {method}" : $"Recall of {method}, {parameters.MaxScorings} scorings";
        using IStage stage = stages.Begin(title);
        var timed = new TimedRetriever(retriever);
        var result = new Measured(method, parameters, new double[_users.Length], new int[_users.Length][], new int[_users.Length]);
        int done = 0;
        _evaluator.Retrieve(_users, K, encoder, _evaluator.KnownBehaviour, timed, (index, found, scorings) =>
        {
            ReadOnlySpan<int> wanted = dataset.Test.ItemsOf(_users[index]);
            int hits = 0;
            foreach (int item in wanted)
                hits += found.Contains(item) ? 1 : 0;
            result.Recalls[index] = (double)hits / wanted.Length;
            result.Found[index] = found.ToArray();
            result.Scorings[index] = scorings;
            int finished = Interlocked.Increment(ref done);
            if (finished % 64 == 0)
                stage.Report((double)finished / _users.Length);
        });
        result.MsPerRequest = timed.MeanMilliseconds;
        return result;
    }

    private RetrievalRow RowOf(Measured measured, Measured exhaustive, Measured? twoTower, Measured? bare)
    {
        MeanInterval recall = MeanInterval.Normal(measured.Recalls);
        double scorings = measured.Scorings.Average();
        return new RetrievalRow(
            measured.Method,
            K,
            _users.Length,
            recall.Mean,
            recall.Low,
            recall.High,
            recall.Mean / exhaustive.Recalls.Average(),
            measured.OverlapWith(exhaustive),
            scorings,
            scorings / Math.Max(1, dataset.Items.Count),
            measured.MsPerRequest,
            measured.Parameters is { } parameters ? GuidedSettings.Of(parameters) : null,
            Difference(measured, twoTower),
            Difference(measured, bare));
    }

    private static MeanInterval? Difference(Measured measured, Measured? other) =>
        other is null || other == measured ? null : PairedComparison.Of(measured.Recalls, other.Recalls).Difference;

    private sealed record Measured(string Method, GuidedSearchParameters? Parameters, double[] Recalls, int[][] Found, int[] Scorings)
    {
        public double MsPerRequest { get; set; }

        /// <summary>Mean share of the other's ads that are among these.</summary>
        public double OverlapWith(Measured other)
        {
            double sum = 0;
            for (int user = 0; user < Found.Length; user++)
            {
                var mine = new HashSet<int>(Found[user]);
                sum += other.Found[user].Length == 0 ? 1 : (double)other.Found[user].Count(mine.Contains) / other.Found[user].Length;
            }
            return sum / Found.Length;
        }
    }
}
