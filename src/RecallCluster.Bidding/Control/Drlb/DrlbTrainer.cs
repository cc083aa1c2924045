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
/// Trains the Q network of <see cref="DrlbController"/> (DQN; Mnih et al., 2015) on the source's reward network: the reward of an action in
/// a state is the best score that any episode through both reached, so that winning early is not mistaken for winning much.
/// </summary>
public sealed class DrlbTrainer : ActorTrainer
{
    private const int Capacity = 80_000, States = DrlbFeatures.Count, RowWidth = (2 * States) + 3;
    private const float TargetBlend = 0.02f, Discount = 0.9f;

    private readonly DrlbOptions _options;
    private readonly Mlp _q, _slow, _best, _reward;
    private readonly Adam _qAdam, _rewardAdam;
    private readonly ExperienceBuffer _buffer = new(RowWidth, Capacity);
    private readonly BestOutcomes _outcomes = new();
    private readonly BidDay[] _days;

    /// <summary>A training from the beginning.</summary>
    public DrlbTrainer(ITrainingDays days, DrlbOptions options, SeededRandom random)
        : base(ControllerCatalogue.Drlb, days, options, random, validationStream: 2)
    {
        _options = options;
        SeededRandom weights = random.Split(0);
        int[] widths = [States, options.Hidden, options.Hidden, DrlbController.Actions];
        (_q, _slow, _best) = (new Mlp("q", widths, weights), new Mlp("q", widths, weights), new Mlp("q", widths, weights));
        _reward = new Mlp("reward", [States + DrlbController.Actions, options.Hidden, options.Hidden, 1], weights);
        ActorNetwork.Blend(_q, _slow, 1);
        ActorNetwork.Blend(_q, _best, 1);
        var adam = new AdamOptions { Rate = new ConstantRate(options.Rate) };
        _qAdam = new Adam(_q.Parameters, adam);
        _rewardAdam = new Adam(_reward.Parameters, adam);
        Checkpoint = new TrainingCheckpoint(
            Origin, [("now", _q), ("slow", _slow), ("best", _best), ("now", _reward)], [("q", _qAdam), ("reward", _rewardAdam)],
            [_buffer, _outcomes], Points);
        _days = Draw(days, options.Days, random.Split(1));
    }

    private protected override Mlp Tried => _q;

    private protected override Mlp Best => _best;

    private protected override Adam Valuing => _qAdam;

    private protected override ExperienceBuffer Buffer => _buffer;

    private protected override TrainingCheckpoint Checkpoint { get; }

    private protected override void Gather(SeededRandom random)
    {
        ActorNetwork network = ActorNetwork.Of(_q);
        double exploration = _options.Exploration * Math.Max(0.05, 1 - ExplorationOver);
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

    private protected override double Learn(ReadOnlySpan<float> batch, int step)
    {
        LearnReward(batch);
        double loss = LearnQ(batch);
        ActorNetwork.Blend(_q, _slow, TargetBlend);
        return loss;
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
        return (rows, keys, (float)Score.Of(day, run.Total));
    }

    private void LearnReward(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch;
        var wanted = new float[count];
        for (int i = 0; i < count; i++)
            wanted[i] = batch[(i * RowWidth) + States + 1];
        Tensor error = Tape.Subtract(_reward.Forward(Tape, StatesAndActions(batch)), Tape.Constant(wanted, new Shape(count, 1)));
        Tape.Backward(Tape.Mean(Tape.Square(error)));
        _rewardAdam.Step();
        Tape.Reset();
    }

    private double LearnQ(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch, actions = DrlbController.Actions;
        var wanted = new float[count];
        using (Tape.Pause())
        {
            Span<float> rewards = _reward.Forward(Tape, StatesAndAllActions(batch)).Values;
            Tensor next = _slow.Forward(Tape, Tape.Constant(Columns(batch, States + 2, States), new Shape(count, States)));
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
        Tape.Reset();
        Tensor q = _q.Forward(Tape, Tape.Constant(Columns(batch, 0, States), new Shape(count, States)));
        Tensor chosen = Tape.SumRows(Tape.Multiply(q, OneHot(batch)));
        Tensor loss = Tape.Mean(Tape.Square(Tape.Subtract(chosen, Tape.Constant(wanted, new Shape(count, 1)))));
        float value = loss.Item();
        Tape.Backward(loss);
        _qAdam.Step();
        Tape.Reset();
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
        return Tape.Constant(rows, new Shape(_options.Batch * actions, width));
    }

    private Tensor StatesAndActions(ReadOnlySpan<float> batch) =>
        Tape.Concat(Tape.Constant(Columns(batch, 0, States), new Shape(_options.Batch, States)), OneHot(batch));

    private Tensor OneHot(ReadOnlySpan<float> batch)
    {
        var hot = new float[_options.Batch * DrlbController.Actions];
        for (int i = 0; i < _options.Batch; i++)
            hot[(i * DrlbController.Actions) + (int)batch[(i * RowWidth) + States]] = 1;
        return Tape.Constant(hot, new Shape(_options.Batch, DrlbController.Actions));
    }
}
