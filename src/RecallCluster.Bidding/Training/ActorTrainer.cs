using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Replay;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Optimizers;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Training;

/// <summary>
/// Training of a controller's network in rounds: days are played in parallel, gradient steps are taken on random experiences, and every few
/// rounds the network is tried on days kept for that; the one that did best is the result. Deterministic for a seed, whatever the number of
/// threads; a training that was saved goes on as though it had not been broken off.
/// <code>
///   round: Gather (play days) ──► experiences ──► Learn (gradient steps) ──► Validate ──► Result
/// </code>
/// </summary>
public abstract class ActorTrainer
{
    // Rounds draw from streams of their own, far from those of weights and days.
    private const ulong FirstRoundStream = 1000;

    // By then exploration has come down to its least.
    private const double ExplorationEnds = 0.7;

    private readonly ActorTrainingOptions _options;
    private readonly SeededRandom _random;
    private readonly string _controller;
    private readonly int _kpis;
    private readonly BidDay[] _validation;
    private double _bestScore = double.NegativeInfinity;

    /// <param name="controller">Name of the controller whose network is trained.</param>
    /// <param name="days">Where its days come from.</param>
    /// <param name="options">Settings.</param>
    /// <param name="random">Source of all randomness.</param>
    /// <param name="validationStream">The stream of it that the days kept for validation are drawn from.</param>
    private protected ActorTrainer(
        string controller, ITrainingDays days, ActorTrainingOptions options, SeededRandom random, ulong validationStream)
    {
        ArgumentNullException.ThrowIfNull(days);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        (_controller, _options, _random, _kpis) = (controller, options, random, days.KpiCount);
        _validation = Draw(days, options.ValidationDays, random.Split(validationStream));
        Origin = TrainingOrigin.Of(_validation);
        Score = new DayScore(options.PenaltyGrowth, options.PenaltyCap);
    }

    /// <summary>Rounds finished.</summary>
    public int Round { get; private set; }

    /// <summary>Scores on the days kept for validation, as they were measured.</summary>
    public IReadOnlyList<TrainingPoint> Curve => Points;

    /// <summary>The network that did best on the validation days so far.</summary>
    public TrainedActor Result
    {
        get
        {
            ActorNetwork network = ActorNetwork.Of(Best);
            return new TrainedActor(new ActorConfig(_controller, _kpis, network.Widths, _bestScore), network);
        }
    }

    /// <summary>What its checkpoints are known by.</summary>
    private protected long Origin { get; }

    private protected DayScore Score { get; }

    private protected Tape Tape { get; } = new();

    private protected List<TrainingPoint> Points { get; } = [];

    /// <summary>The network that is tried on the validation days.</summary>
    private protected abstract Mlp Tried { get; }

    /// <summary>Keeps the one that did best.</summary>
    private protected abstract Mlp Best { get; }

    /// <summary>The optimiser of the network that values actions.</summary>
    private protected abstract Adam Valuing { get; }

    private protected abstract ExperienceBuffer Buffer { get; }

    /// <summary>All that has to be kept to go on.</summary>
    private protected abstract TrainingCheckpoint Checkpoint { get; }

    /// <summary>How much of exploration's fall, which ends before the training does, is over: 0 to 1.</summary>
    private protected double ExplorationOver => Math.Min(1, Round / (ExplorationEnds * _options.Rounds));

    /// <summary>Trains until all rounds are done.</summary>
    /// <param name="progress">Told of every validation.</param>
    /// <param name="until">Stops after this many rounds, if they are fewer.</param>
    /// <param name="cancellation">Stops between two rounds.</param>
    public void Run(IProgress<TrainingPoint>? progress = null, int until = int.MaxValue, CancellationToken cancellation = default)
    {
        if (Round == 0)
            Validate(0, progress);
        while (Round < Math.Min(until, _options.Rounds))
        {
            cancellation.ThrowIfCancellationRequested();
            double loss = RunRound();
            if (Round % _options.ValidateEvery == 0 || Round == _options.Rounds)
                Validate(loss, progress);
        }
    }

    /// <summary>Plays and learns one round.</summary>
    /// <returns>Mean loss of the network that values actions.</returns>
    public double RunRound()
    {
        SeededRandom random = _random.Split(FirstRoundStream + (ulong)Round);
        Gather(random);
        SeededRandom choice = random.Split(ulong.MaxValue);
        var batch = new float[_options.Batch * Buffer.Width];
        double loss = 0;
        for (int step = 0; step < _options.StepsPerRound; step++)
        {
            Buffer.Sample(choice, batch);
            loss += Learn(batch, step);
        }
        Round++;
        return loss / _options.StepsPerRound;
    }

    /// <summary>Writes all that is needed to go on later into one file.</summary>
    /// <exception cref="IOException">The file could not be written; what stood there is as before.</exception>
    public void SaveCheckpoint(string path) => Checkpoint.Save(path, Round);

    /// <summary>Goes on from such a file, with the same days, options and seed.</summary>
    /// <exception cref="InvalidDataException">The file is broken, or of a training on other days or with another seed.</exception>
    public void LoadCheckpoint(string path)
    {
        Round = Checkpoint.Load(path);
        _bestScore = TrainingCurve.Best(Points);
    }

    /// <summary>Days of their own streams of <paramref name="random"/>.</summary>
    private protected static BidDay[] Draw(ITrainingDays days, int count, SeededRandom random)
    {
        var drawn = new BidDay[count];
        Parallel.For(0, count, i => drawn[i] = days.Draw(random.Split((ulong)i)));
        return drawn;
    }

    /// <summary>Plays the days of a round and keeps what was experienced.</summary>
    private protected abstract void Gather(SeededRandom random);

    /// <summary>Takes a gradient step on a batch of experiences.</summary>
    /// <returns>The loss.</returns>
    private protected abstract double Learn(ReadOnlySpan<float> batch, int step);

    /// <summary>Some columns of a batch.</summary>
    private protected float[] Columns(ReadOnlySpan<float> batch, int start, int width)
    {
        var columns = new float[_options.Batch * width];
        for (int i = 0; i < _options.Batch; i++)
            batch.Slice((i * Buffer.Width) + start, width).CopyTo(columns.AsSpan(i * width));
        return columns;
    }

    private void Validate(double loss, IProgress<TrainingPoint>? progress)
    {
        IBidControllerFactory factory = ControllerCatalogue.Trained(_controller, ActorNetwork.Of(Tried));
        var scores = new double[_validation.Length];
        Parallel.For(
            0, scores.Length,
            i => scores[i] = DayReplay.Run(_validation[i], factory.Create(_validation[i].Setting)).PenalizedRatio);
        var point = new TrainingPoint(Round, Valuing.Steps, scores.Average(), loss);
        Points.Add(point);
        if (point.Score > _bestScore)
        {
            _bestScore = point.Score;
            ActorNetwork.Blend(Tried, Best, 1);
        }
        progress?.Report(point);
    }
}
