using System.Numerics.Tensors;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Optimizers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Control.Drlb;

/// <summary>
/// Trains the Q network of <see cref="DrlbController"/> (DQN; Mnih et al., 2015) on the source's reward network: the reward of an action in a
/// state is the best score that any episode through both reached, so that winning early is not mistaken for winning much. Deterministic for a
/// seed; resumable.
/// </summary>
public sealed class DrlbTrainer
{
    private const int Capacity = 80_000, States = DrlbFeatures.Count, RowWidth = (2 * States) + 3;
    private const float TargetBlend = 0.02f, Discount = 0.9f;

    private readonly DrlbOptions _options;
    private readonly SeededRandom _random;
    private readonly int _kpis;
    private readonly Mlp _q, _slow, _best, _reward;
    private readonly Adam _qAdam, _rewardAdam;
    private readonly ExperienceBuffer _buffer = new(RowWidth, Capacity);
    private readonly BestOutcomes _outcomes = new();
    private readonly BidDay[] _days, _validation;
    private readonly List<TrainingPoint> _curve = [];
    private readonly TrainingCheckpoint _checkpoint;
    private readonly DayScore _score;
    private readonly Tape _tape = new();
    private double _bestScore = double.NegativeInfinity;
    private int _round;

    /// <summary>A training from the beginning.</summary>
    public DrlbTrainer(ITrainingDays days, DrlbOptions options, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(days);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        (_options, _random, _kpis) = (options, random, days.KpiCount);
        _score = new DayScore(options.PenaltyGrowth, options.PenaltyCap);
        SeededRandom weights = random.Split(0);
        int[] widths = [States, options.Hidden, options.Hidden, DrlbController.Actions];
        (_q, _slow, _best) = (new Mlp("q", widths, weights), new Mlp("q", widths, weights), new Mlp("q", widths, weights));
        _reward = new Mlp("reward", [States + DrlbController.Actions, options.Hidden, options.Hidden, 1], weights);
        ActorNetwork.Blend(_q, _slow, 1);
        ActorNetwork.Blend(_q, _best, 1);
        var adam = new AdamOptions { Rate = new ConstantRate(options.Rate) };
        _qAdam = new Adam(_q.Parameters, adam);
        _rewardAdam = new Adam(_reward.Parameters, adam);
        _checkpoint = new TrainingCheckpoint(
            [("now", _q), ("slow", _slow), ("best", _best), ("now", _reward)], [("q", _qAdam), ("reward", _rewardAdam)], _buffer, _curve);
        _days = Draw(days, options.Days, random.Split(1));
        _validation = Draw(days, options.ValidationDays, random.Split(2));
    }

    /// <summary>Rounds finished.</summary>
    public int Round => _round;

    /// <summary>Scores on the days kept for validation, as they were measured.</summary>
    public IReadOnlyList<TrainingPoint> Curve => _curve;

    /// <summary>The network that did best on the validation days so far.</summary>
    public TrainedActor Result
    {
        get
        {
            ActorNetwork network = ActorNetwork.Of(_best);
            return new TrainedActor(new ActorConfig("drlb", _kpis, network.Widths, _bestScore), network);
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
    /// <returns>Mean loss of the Q network.</returns>
    public double RunRound()
    {
        SeededRandom random = _random.Split(1000 + (ulong)_round);
        Gather(random);
        SeededRandom choice = random.Split(ulong.MaxValue);
        var batch = new float[_options.Batch * RowWidth];
        double loss = 0;
        for (int step = 0; step < _options.StepsPerRound; step++)
        {
            _buffer.Sample(choice, batch);
            LearnReward(batch);
            loss += LearnQ(batch);
            ActorNetwork.Blend(_q, _slow, TargetBlend);
        }
        _round++;
        return loss / _options.StepsPerRound;
    }

    /// <summary>Writes all that is needed to go on later into one file.</summary>
    /// <exception cref="IOException">The file could not be written; what stood there is as before.</exception>
    public void SaveCheckpoint(string path)
    {
        _checkpoint.Save(path, _round, _outcomes.Save);
    }

    /// <summary>Goes on from such a file, with the same days, options and seed.</summary>
    /// <exception cref="InvalidDataException">The file does not belong to this training.</exception>
    public void LoadCheckpoint(string path)
    {
        _round = _checkpoint.Load(path, _outcomes.Load);
        _bestScore = TrainingCurve.Best(_curve);
    }

    private static BidDay[] Draw(ITrainingDays days, int count, SeededRandom random)
    {
        var drawn = new BidDay[count];
        Parallel.For(0, count, i => drawn[i] = days.Draw(random.Split((ulong)i)));
        return drawn;
    }

    private void Gather(SeededRandom random)
    {
        ActorNetwork network = ActorNetwork.Of(_q);
        double exploration = _options.Exploration * Math.Max(0.05, 1 - (_round / (0.7 * _options.Rounds)));
        var played = new (float[] Rows, long[] Keys, float Score)[_options.DaysPerRound];
        Parallel.For(0, played.Length, i =>
        {
            SeededRandom own = random.Split((ulong)i);
            played[i] = Play(own.NextInt(_days.Length), network, exploration, own);
        });
        foreach ((float[] rows, long[] keys, float score) in played)
        {
            for (int tick = 0; tick < keys.Length; tick++)
                rows[(tick * RowWidth) + States + 1] = _outcomes.Raise(keys[tick], score);
            _buffer.Add(rows);
        }
    }

    /// <summary>One episode: rows of state, action, best outcome (filled in later), next state, whether there is one.</summary>
    private (float[] Rows, long[] Keys, float Score) Play(int number, ActorNetwork network, double exploration, SeededRandom random)
    {
        BidDay day = _days[number];
        BidWeights start = StartWeights.Movable(day.Setting);
        var features = new DrlbFeatures(start);
        var rows = new float[day.Ticks * RowWidth];
        var keys = new long[day.Ticks];
        Span<float> values = stackalloc float[DrlbController.Actions];
        var run = new DayRun(day);
        ControlState state = run.State with { Weights = start };
        features.Fill(state, rows);
        while (!run.IsOver)
        {
            int tick = run.Tick;
            Span<float> row = rows.AsSpan(tick * RowWidth, RowWidth);
            network.Forward(row[..States], values);
            int action = random.NextDouble() < exploration ? random.NextInt(values.Length) : TensorPrimitives.IndexOfMax(values);
            keys[tick] = BestOutcomes.Key(number, tick, Math.Log(state.Weights.Value / start.Value), action);
            row[States] = action;
            run.Play(DrlbController.Apply(state.Weights, action));
            if (run.IsOver)
                break;
            state = run.State;
            features.Fill(state, row[(States + 2)..]);
            row[^1] = 1;
            row.Slice(States + 2, States).CopyTo(rows.AsSpan((tick + 1) * RowWidth));
        }
        return (rows, keys, (float)_score.Of(day, run.Total));
    }

    private void LearnReward(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch;
        var wanted = new float[count];
        for (int i = 0; i < count; i++)
            wanted[i] = batch[(i * RowWidth) + States + 1];
        Tensor error = _tape.Subtract(_reward.Forward(_tape, StatesAndActions(batch)), _tape.Constant(wanted, new Shape(count, 1)));
        _tape.Backward(_tape.Mean(_tape.Square(error)));
        _rewardAdam.Step();
        _tape.Reset();
    }

    private double LearnQ(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch, actions = DrlbController.Actions;
        var wanted = new float[count];
        using (_tape.Pause())
        {
            Span<float> rewards = _reward.Forward(_tape, StatesAndAllActions(batch)).Values;
            Tensor next = _slow.Forward(_tape, _tape.Constant(Columns(batch, States + 2), new Shape(count, States)));
            for (int i = 0; i < count; i++)
            {
                // How much is lost for good, as against the best action here: 0 all along the best day. The plain score of a day hardly
                // differs between actions and would drown in the network's error.
                ReadOnlySpan<float> own = rewards.Slice(i * actions, actions);
                float reward = own[(int)batch[(i * RowWidth) + States]] - TensorPrimitives.Max(own);
                float later = TensorPrimitives.Max(next.Values.Slice(i * actions, actions));
                wanted[i] = reward + (batch[((i + 1) * RowWidth) - 1] * Discount * later);
            }
        }
        _tape.Reset();
        Tensor q = _q.Forward(_tape, _tape.Constant(Columns(batch, 0), new Shape(count, States)));
        Tensor chosen = _tape.SumRows(_tape.Multiply(q, OneHot(batch)));
        Tensor loss = _tape.Mean(_tape.Square(_tape.Subtract(chosen, _tape.Constant(wanted, new Shape(count, 1)))));
        float value = loss.Item();
        _tape.Backward(loss);
        _qAdam.Step();
        _tape.Reset();
        return value;
    }

    private Tensor StatesAndAllActions(ReadOnlySpan<float> batch)
    {
        int actions = DrlbController.Actions, width = States + actions;
        var rows = new float[_options.Batch * actions * width];
        for (int i = 0; i < _options.Batch; i++)
        {
            for (int action = 0; action < actions; action++)
            {
                Span<float> row = rows.AsSpan(((i * actions) + action) * width, width);
                batch.Slice(i * RowWidth, States).CopyTo(row);
                row[States + action] = 1;
            }
        }
        return _tape.Constant(rows, new Shape(_options.Batch * actions, width));
    }

    private Tensor StatesAndActions(ReadOnlySpan<float> batch) =>
        _tape.Concat(_tape.Constant(Columns(batch, 0), new Shape(_options.Batch, States)), OneHot(batch));

    private Tensor OneHot(ReadOnlySpan<float> batch)
    {
        var hot = new float[_options.Batch * DrlbController.Actions];
        for (int i = 0; i < _options.Batch; i++)
            hot[(i * DrlbController.Actions) + (int)batch[(i * RowWidth) + States]] = 1;
        return _tape.Constant(hot, new Shape(_options.Batch, DrlbController.Actions));
    }

    private float[] Columns(ReadOnlySpan<float> batch, int start)
    {
        var columns = new float[_options.Batch * States];
        for (int i = 0; i < _options.Batch; i++)
            batch.Slice((i * RowWidth) + start, States).CopyTo(columns.AsSpan(i * States));
        return columns;
    }

    private void Validate(double loss, IProgress<TrainingPoint>? progress)
    {
        ActorNetwork network = ActorNetwork.Of(_q);
        var scores = new double[_validation.Length];
        Parallel.For(0, scores.Length, i => scores[i] = DayReplay.Run(_validation[i], new DrlbController(_validation[i].Setting, network)).PenalizedRatio);
        var point = new TrainingPoint(_round, _qAdam.Steps, scores.Average(), loss);
        _curve.Add(point);
        if (point.Score > _bestScore)
        {
            _bestScore = point.Score;
            ActorNetwork.Blend(_q, _best, 1);
        }
        progress?.Report(point);
    }
}
