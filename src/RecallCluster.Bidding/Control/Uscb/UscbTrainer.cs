using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Optimizers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>
/// Trains the actor of <see cref="UscbController"/>: in each round days are played in parallel with noise on the actions, then critic and actor
/// take gradient steps on random experiences (DDPG; Lillicrap et al., 2016) towards the chosen <see cref="CriticTarget"/>. Deterministic for
/// a seed, whatever the number of threads; a training that was saved goes on as though it had not been broken off.
/// </summary>
public sealed class UscbTrainer
{
    private const int Capacity = 240_000;
    private const float TargetBlend = 0.002f;

    private readonly ITrainingDays _days;
    private readonly UscbOptions _options;
    private readonly SeededRandom _random;
    private readonly UscbEpisode _episode;
    private readonly int _states, _actions;
    private readonly Mlp _actor, _critic, _slowActor, _slowCritic, _best;
    private readonly Adam _actorAdam, _criticAdam;
    private readonly ExperienceBuffer _buffer;
    private readonly TrainingCheckpoint _checkpoint;
    private readonly BidDay[] _validation;
    private readonly List<TrainingPoint> _curve = [];
    private readonly Tape _tape = new();
    private double _bestScore = double.NegativeInfinity;
    private int _round;

    /// <summary>A training from the beginning.</summary>
    public UscbTrainer(ITrainingDays days, UscbOptions options, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(days);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        (_days, _options, _random) = (days, options, random);
        _episode = new UscbEpisode(options, days.KpiCount);
        (_states, _actions) = (UscbFeatures.CountFor(days.KpiCount), 1 + days.KpiCount);
        SeededRandom weights = random.Split(0);
        _actor = Actor(weights);
        _critic = Critic(weights);
        (_slowActor, _slowCritic, _best) = (Actor(weights), Critic(weights), Actor(weights));
        // Actions begin near "change nothing".
        foreach (ref float value in _actor.Layers[^1].Weight.Value.Values)
            value *= 0.1f;
        ActorNetwork.Blend(_actor, _slowActor, 1);
        ActorNetwork.Blend(_critic, _slowCritic, 1);
        ActorNetwork.Blend(_actor, _best, 1);
        _actorAdam = new Adam(_actor.Parameters, new AdamOptions
        {
            Rate = new LinearRate(options.ActorRate, (long)options.Rounds * options.StepsPerRound / 2, options.ActorRate / 5),
        });
        _criticAdam = new Adam(_critic.Parameters, new AdamOptions { Rate = new ConstantRate(options.CriticRate) });
        _buffer = new ExperienceBuffer(_episode.RowWidth, Capacity);
        _checkpoint = new TrainingCheckpoint(
            [("now", _actor), ("now", _critic), ("slow", _slowActor), ("slow", _slowCritic), ("best", _best)], [("actor", _actorAdam), ("critic", _criticAdam)],
            _buffer, _curve);
        SeededRandom draws = random.Split(1);
        _validation = new BidDay[options.ValidationDays];
        Parallel.For(0, _validation.Length, i => _validation[i] = days.Draw(draws.Split((ulong)i)));
    }

    /// <summary>Rounds finished.</summary>
    public int Round => _round;

    /// <summary>Scores on the days kept for validation, as they were measured.</summary>
    public IReadOnlyList<TrainingPoint> Curve => _curve;

    /// <summary>The actor that did best on the validation days so far.</summary>
    public TrainedActor Result
    {
        get
        {
            ActorNetwork network = ActorNetwork.Of(_best);
            return new TrainedActor(new ActorConfig("uscb", _days.KpiCount, network.Widths, _bestScore), network);
        }
    }

    /// <summary>Trains until all rounds are done.</summary>
    /// <param name="progress">Told of every validation.</param>
    /// <param name="until">Stops after this many rounds, if they are fewer.</param>
    /// <param name="cancellation">Stops between two rounds.</param>
    public void Run(IProgress<TrainingPoint>? progress = null, int until = int.MaxValue, CancellationToken cancellation = default)
    {
        if (_round == 0)
            Validate(0, progress);
        while (_round < Math.Min(until, _options.Rounds))
        {
            cancellation.ThrowIfCancellationRequested();
            double loss = RunRound();
            if (_round % _options.ValidateEvery == 0 || _round == _options.Rounds)
                Validate(loss, progress);
        }
    }

    /// <summary>Plays and learns one round.</summary>
    /// <returns>The critic's mean loss.</returns>
    public double RunRound()
    {
        SeededRandom random = _random.Split(1000 + (ulong)_round);
        Gather(random);
        SeededRandom choice = random.Split(ulong.MaxValue);
        var batch = new float[_options.Batch * _buffer.Width];
        double loss = 0;
        for (int step = 0; step < _options.StepsPerRound; step++)
        {
            _buffer.Sample(choice, batch);
            loss += LearnCritic(batch);
            if (_round >= _options.CriticOnlyRounds && step % 2 == 0)
                LearnActor(batch);
            ActorNetwork.Blend(_actor, _slowActor, TargetBlend);
            if (_options.Target == CriticTarget.Bootstrapped)
                ActorNetwork.Blend(_critic, _slowCritic, TargetBlend);
        }
        _round++;
        return loss / _options.StepsPerRound;
    }

    /// <summary>Writes all that is needed to go on later into one file.</summary>
    /// <exception cref="IOException">The file could not be written; what stood there is as before.</exception>
    public void SaveCheckpoint(string path)
    {
        _checkpoint.Save(path, _round);
    }

    /// <summary>Goes on from such a file, with the same days, options and seed.</summary>
    /// <exception cref="InvalidDataException">The file does not belong to this training.</exception>
    public void LoadCheckpoint(string path)
    {
        _round = _checkpoint.Load(path);
        _bestScore = TrainingCurve.Best(_curve);
    }

    private Mlp Actor(SeededRandom random) => new("actor", [_states, _options.Hidden, _options.Hidden, _actions], random);

    private Mlp Critic(SeededRandom random) => new("critic", [_states + _actions, _options.Hidden, _options.Hidden, 1], random);

    private void Gather(SeededRandom random)
    {
        ActorNetwork actor = ActorNetwork.Of(_actor);
        double noise = _options.Noise * (1 - (0.8 * Math.Min(1, _round / (0.7 * _options.Rounds))));
        var played = new float[_options.DaysPerRound][];
        Parallel.For(0, played.Length, i =>
        {
            SeededRandom own = random.Split((ulong)i);
            played[i] = _episode.Play(_days.Draw(own), actor, noise, own);
        });
        foreach (float[] rows in played)
            _buffer.Add(rows);
    }

    private double LearnCritic(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch;
        var targets = new float[count];
        for (int i = 0; i < count; i++)
            targets[i] = batch[(i * _buffer.Width) + _states + _actions];
        if (_options.Target == CriticTarget.Bootstrapped)
            AddBootstrap(batch, targets);
        Tensor input = _tape.Constant(Columns(batch, 0, _states + _actions), new Shape(count, _states + _actions));
        Tensor loss = _tape.Mean(_tape.Square(_tape.Subtract(_critic.Forward(_tape, input), _tape.Constant(targets, new Shape(count, 1)))));
        float value = loss.Item();
        _tape.Backward(loss);
        _criticAdam.Step();
        _tape.Reset();
        return value;
    }

    private void AddBootstrap(ReadOnlySpan<float> batch, Span<float> targets)
    {
        int count = _options.Batch;
        using (_tape.Pause())
        {
            Tensor next = _tape.Constant(Columns(batch, _states + _actions + 1, _states), new Shape(count, _states));
            Tensor value = _slowCritic.Forward(_tape, _tape.Concat(next, _tape.Tanh(_slowActor.Forward(_tape, next))));
            for (int i = 0; i < count; i++)
                targets[i] += batch[((i + 1) * _buffer.Width) - 1] * value.Values[i];
        }
        _tape.Reset();
    }

    private void LearnActor(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch;
        Tensor state = _tape.Constant(Columns(batch, 0, _states), new Shape(count, _states));
        Tensor raw = _actor.Forward(_tape, state);
        Tensor value = _critic.Forward(_tape, _tape.Concat(state, _tape.Tanh(raw)));
        // The small term keeps the hyperbolic tangent where it has a slope; saturated, an actor never learns again.
        _tape.Backward(_tape.Subtract(_tape.Scale(_tape.Mean(_tape.Square(raw)), _options.ActionDecay), _tape.Mean(value)));
        _actorAdam.Step();
        // The critic only passed the gradient on.
        _criticAdam.ClearGradients();
        _tape.Reset();
    }

    private float[] Columns(ReadOnlySpan<float> batch, int start, int width)
    {
        var columns = new float[_options.Batch * width];
        for (int i = 0; i < _options.Batch; i++)
            batch.Slice((i * _buffer.Width) + start, width).CopyTo(columns.AsSpan(i * width));
        return columns;
    }

    private void Validate(double loss, IProgress<TrainingPoint>? progress)
    {
        // The mean of the last steps' actors trembles less than the last one.
        ActorNetwork actor = ActorNetwork.Of(_slowActor);
        var scores = new double[_validation.Length];
        Parallel.For(0, scores.Length, i => scores[i] = DayReplay.Run(_validation[i], new UscbController(_validation[i].Setting, actor)).PenalizedRatio);
        var point = new TrainingPoint(_round, _criticAdam.Steps, scores.Average(), loss);
        _curve.Add(point);
        if (point.Score > _bestScore)
        {
            _bestScore = point.Score;
            ActorNetwork.Blend(_slowActor, _best, 1);
        }
        progress?.Report(point);
    }
}
