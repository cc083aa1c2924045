using RecallCluster.Data;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Training;

public class TrainerTests
{
    private const int K = 20;
    private static readonly TrainingOptions Options = new()
    {
        BatchSize = 32,
        Negatives = 48,
        Epochs = 6,
        LearningRate = 1e-2f,
        WarmupSteps = 10,
        ValidationK = K,
    };

    [Theory]
    [InlineData(ModelKind.Deep, AttentionKind.Linear, false)]
    [InlineData(ModelKind.Deep, AttentionKind.Linear, true)]
    [InlineData(ModelKind.Deep, AttentionKind.Softmax, false)]
    [InlineData(ModelKind.TwoTower, AttentionKind.Linear, false)]
    public void A_tiny_world_is_learned(ModelKind kind, AttentionKind attention, bool ordered)
    {
        Dataset dataset = TinyWorld.Create(ordered: ordered);
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset, kind) with { Attention = attention }, new SeededRandom(4));
        var log = new ProgressLog();
        TrainingResult result = new Trainer(Options).Train(model, dataset, progress: log);

        double[] losses = [.. log.Reports.Where(report => report.Loss > 0).Select(report => report.Loss)];
        Assert.True(losses[^1] < losses[0] - 0.3, $"The loss went from {losses[0]} to {losses[^1]}.");
        Assert.Equal(result.BestValidationRecall, log.Reports.Max(report => report.ValidationRecall));
        // Two of twelve groups are right for a user, and K holds just as many ads: chance finds a sixth.
        double recall = TestRecall(model, dataset), popular = PopularityRecall(dataset);
        Assert.True(recall > popular + 0.3, $"The model's recall is {recall}, that of the most popular ads {popular}.");
    }

    [Fact]
    public void Training_ends_after_the_most_steps_with_a_validation()
    {
        Dataset dataset = TinyWorld.Create();
        var log = new ProgressLog();
        TrainingResult result = new Trainer(Options with { MaxSteps = 7 })
            .Train(ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4)), dataset, progress: log);
        Assert.Equal(7, result.Steps);
        Assert.Equal(TrainingEnd.Completed, result.End);
        Assert.NotNull(result.BestValidationRecall);
        Assert.All(log.Reports, report => Assert.Equal(7, report.TotalSteps));
    }

    [Fact]
    public void Training_with_an_adversarial_term_learns_too()
    {
        Dataset dataset = TinyWorld.Create();
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
        TrainingOptions options = Options with { Loss = new LossOptions { AdversarialWeight = 1, AdversarialStep = 0.1f } };
        new Trainer(options).Train(model, dataset);
        Assert.True(TestRecall(model, dataset) > PopularityRecall(dataset) + 0.3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Equal_seeds_give_equal_weights_for_a_given_number_of_threads(int threads)
    {
        Dataset dataset = TinyWorld.Create(users: 60);
        using var team = new WorkerTeam(threads);
        Assert.Equal(Weights(seed: 1), Weights(seed: 1));
        Assert.NotEqual(Weights(seed: 1), Weights(seed: 2));

        float[] Weights(ulong seed)
        {
            IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
            new Trainer(Options with { Epochs = 2, Seed = seed }).Train(model, dataset, team);
            return [.. model.Parameters.SelectMany(parameter => parameter.Value.Values.ToArray())];
        }
    }

    [Fact]
    public void The_best_validated_weights_are_kept_and_training_stops_early()
    {
        Dataset dataset = TinyWorld.Create(users: 60);
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
        var log = new ProgressLog();
        // A rate at which the weights soon run away.
        TrainingOptions options = Options with { Epochs = 40, LearningRate = 0.05f, Patience = 2, ValidationUsers = 60 };
        TrainingResult result = new Trainer(options).Train(model, dataset, progress: log);
        double[] recalls =
            [.. log.Reports.Where(report => report.ValidationRecall != null).Select(report => report.ValidationRecall!.Value)];
        Assert.Equal(TrainingEnd.EarlyStop, result.End);
        Assert.Equal(recalls.Max(), result.BestValidationRecall);
        Assert.True(recalls[^1] <= recalls.Max() && result.BestStep < result.Steps);
        Assert.Equal(recalls.Max(), ValidationRecall(model, dataset), 1e-9);
    }

    [Fact]
    public void A_time_limit_ends_training_with_the_best_weights()
    {
        Dataset dataset = TinyWorld.Create(users: 60);
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
        var clock = new SteppingClock(TimeSpan.FromSeconds(1));
        TrainingOptions options = Options with { Epochs = 1000, TimeLimit = TimeSpan.FromSeconds(30) };
        TrainingResult result = new Trainer(options, clock).Train(model, dataset);
        Assert.Equal(TrainingEnd.TimeLimit, result.End);
        Assert.InRange(result.Steps, 1, 30);
        Assert.NotNull(result.BestValidationRecall);
    }

    [Fact]
    public void The_learning_rate_falls_towards_the_time_limit()
    {
        Dataset dataset = TinyWorld.Create(users: 60);
        dataset = dataset with { Validation = EventLog.Empty(dataset.Users.Count) };
        TrainingOptions options = Options with
        {
            Epochs = 1000,
            TimeLimit = TimeSpan.FromDays(1000),
            WarmupSteps = 0,
            FinalRateShare = 0,
        };
        float[] before = [.. Weights(Model())];
        // The same number of steps, from the beginning of the time to its end, and in its last twenty-fifth.
        double moved = Moved(TimeSpan.FromDays(10), start: TimeSpan.Zero);
        double movedLate = Moved(TimeSpan.FromDays(0.4), start: TimeSpan.FromDays(960));
        Assert.True(moved > 0.1, $"The weights moved by {moved}.");
        Assert.InRange(movedLate, 1e-6, moved / 20);

        IAdModel Model() => ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));

        IEnumerable<float> Weights(IAdModel model) => model.Parameters.SelectMany(parameter => parameter.Value.Values.ToArray());

        double Moved(TimeSpan step, TimeSpan start)
        {
            IAdModel model = Model();
            TrainingResult result = new Trainer(options, new SteppingClock(step) { Jump = start }).Train(model, dataset);
            Assert.Equal(TrainingEnd.TimeLimit, result.End);
            Assert.InRange(result.Steps, 20, 110);
            return Math.Sqrt(Weights(model).Zip(before, (now, then) => ((double)now - then) * (now - then)).Sum());
        }
    }

    [Fact]
    public void Cancellation_ends_training_by_an_exception()
    {
        Dataset dataset = TinyWorld.Create(users: 60);
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
        using var source = new CancellationTokenSource();
        var log = new ProgressLog(report => source.Cancel());
        Assert.Throws<OperationCanceledException>(() => new Trainer(Options).Train(model, dataset, null, log, source.Token));
        Assert.Single(log.Reports);
    }

    [Fact]
    public void Without_validation_events_the_last_weights_are_kept()
    {
        Dataset dataset = TinyWorld.Create(users: 60);
        dataset = dataset with { Validation = EventLog.Empty(dataset.Users.Count) };
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
        TrainingResult result = new Trainer(Options with { Epochs = 2 }).Train(model, dataset);
        Assert.Equal(TrainingEnd.Completed, result.End);
        Assert.Null(result.BestValidationRecall);
        Assert.Equal(result.Steps, result.BestStep);
    }

    [Fact]
    public void A_validation_over_a_sample_of_the_ads_agrees_with_one_over_all()
    {
        Dataset dataset = TinyWorld.Create();
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
        double whole = Train(TinyWorld.Items), half = Train(TinyWorld.Items / 2);
        Assert.True(Math.Abs(whole - half) < 0.15, $"All ads give {whole}, half of them {half}.");

        double Train(int validationItems)
        {
            IAdModel own = ModelDirectory.Create(model.Config, new SeededRandom(4));
            // Few held-out users, so that half of the ads is more than the held-out ones.
            TrainingOptions options = Options with { ValidationItems = validationItems, ValidationUsers = 30 };
            return new Trainer(options).Train(own, dataset).BestValidationRecall!.Value;
        }
    }

    [Fact]
    public void Data_that_cannot_be_learned_from_is_refused()
    {
        Dataset dataset = TinyWorld.Create(users: 10);
        IAdModel model = ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(4));
        Dataset empty = dataset with { Train = EventLog.Empty(10) };
        Assert.Contains(
            "tiny", Assert.Throws<InvalidDataException>(() => new Trainer(Options).Train(model, empty)).Message,
            StringComparison.Ordinal);
        Dataset other = dataset with { Items = FeatureTable.OfIds(TinyWorld.Ids("ad", TinyWorld.Items)) };
        Assert.Contains(
            "item fields", Assert.Throws<InvalidDataException>(() => new Trainer(Options).Train(model, other)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_are_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Trainer(Options with { BatchSize = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Trainer(Options with { BehaviourDropout = 1.5f }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Trainer(Options with { TimeLimit = TimeSpan.Zero }));
    }

    private static double TestRecall(IAdModel model, Dataset dataset)
    {
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items);
        using PreparedModel prepared = PreparedModel.Of(model, targets);
        var evaluator = new RetrievalEvaluator(dataset);
        return evaluator.TestRecalls(evaluator.TestUsers(), K, prepared.Encoder, new ExhaustiveRetriever(prepared.Scorer)).Average();
    }

    private static double ValidationRecall(IAdModel model, Dataset dataset)
    {
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items);
        using PreparedModel prepared = PreparedModel.Of(model, targets);
        var evaluator = new RetrievalEvaluator(dataset);
        int[] users = [.. Enumerable.Range(0, dataset.Users.Count)];
        return evaluator.Recalls(users, K, prepared.Encoder, evaluator.TrainBehaviour, new ExhaustiveRetriever(prepared.Scorer),
            dataset.Validation.ItemsOf).Average();
    }

    private static double PopularityRecall(Dataset dataset)
    {
        int[] top =
            [.. dataset.Train.Items.GroupBy(item => item).OrderByDescending(group => group.Count()).Take(K).Select(group => group.Key)];
        return Enumerable.Range(0, dataset.Users.Count).Average(
            user => dataset.Test.ItemsOf(user).ToArray().Average(item => top.Contains(item) ? 1.0 : 0));
    }

    private sealed class ProgressLog(Action<TrainingProgress>? then = null) : IProgress<TrainingProgress>
    {
        public List<TrainingProgress> Reports { get; } = [];

        public void Report(TrainingProgress value)
        {
            Reports.Add(value);
            then?.Invoke(value);
        }
    }

    /// <summary>A clock that moves on by a fixed step whenever it is read.</summary>
    private sealed class SteppingClock(TimeSpan step) : TimeProvider
    {
        private long _now;
        private bool _jumped;

        /// <summary>By how much more it moves on at the second reading.</summary>
        public TimeSpan Jump { get; init; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp()
        {
            if (_now > 0 && !_jumped)
            {
                _now += Jump.Ticks;
                _jumped = true;
            }
            return _now += step.Ticks;
        }
    }
}
