using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Training;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Optimizers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>
/// Trains the actor of <see cref="UscbController"/>: in each round days are played in parallel with noise on the actions, then critic and
/// actor take gradient steps on random experiences (DDPG; Lillicrap et al., 2016) towards the chosen <see cref="CriticTarget"/>.
/// </summary>
public sealed class UscbTrainer : ActorTrainer
{
    private const int Capacity = 240_000;
    private const float TargetBlend = 0.002f;

    private readonly ITrainingDays _days;
    private readonly UscbOptions _options;
    private readonly UscbEpisode _episode;
    private readonly int _states, _actions;
    private readonly Mlp _actor, _critic, _slowActor, _slowCritic, _best;
    private readonly Adam _actorAdam, _criticAdam;
    private readonly ExperienceBuffer _buffer;

    /// <summary>A training from the beginning.</summary>
    public UscbTrainer(ITrainingDays days, UscbOptions options, SeededRandom random)
        : base(ControllerCatalogue.Uscb, days, options, random, validationStream: 1)
    {
        (_days, _options) = (days, options);
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
        Checkpoint = new TrainingCheckpoint(
            Origin, [("now", _actor), ("now", _critic), ("slow", _slowActor), ("slow", _slowCritic), ("best", _best)],
            [("actor", _actorAdam), ("critic", _criticAdam)], [_buffer], Points);
    }

    // The mean of the last steps' actors trembles less than the last one.
    private protected override Mlp Tried => _slowActor;

    private protected override Mlp Best => _best;

    private protected override Adam Valuing => _criticAdam;

    private protected override ExperienceBuffer Buffer => _buffer;

    private protected override TrainingCheckpoint Checkpoint { get; }

    private protected override void Gather(SeededRandom random)
    {
        ActorNetwork actor = ActorNetwork.Of(_actor);
        double noise = _options.Noise * (1 - (0.8 * ExplorationOver));
        var played = new float[_options.DaysPerRound][];
        Parallel.For(0, played.Length, i =>
        {
            SeededRandom own = random.Split((ulong)i);
            played[i] = _episode.Play(_days.Draw(own), actor, noise, own);
        });
        foreach (float[] rows in played)
            _buffer.Add(rows);
    }

    private protected override double Learn(ReadOnlySpan<float> batch, int step)
    {
        double loss = LearnCritic(batch);
        if (Round >= _options.CriticOnlyRounds && step % 2 == 0)
            LearnActor(batch);
        ActorNetwork.Blend(_actor, _slowActor, TargetBlend);
        if (_options.Target == CriticTarget.Bootstrapped)
            ActorNetwork.Blend(_critic, _slowCritic, TargetBlend);
        return loss;
    }

    private Mlp Actor(SeededRandom random) => new("actor", [_states, _options.Hidden, _options.Hidden, _actions], random);

    private Mlp Critic(SeededRandom random) => new("critic", [_states + _actions, _options.Hidden, _options.Hidden, 1], random);

    private double LearnCritic(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch;
        var targets = new float[count];
        for (int i = 0; i < count; i++)
            targets[i] = batch[(i * _buffer.Width) + _states + _actions];
        if (_options.Target == CriticTarget.Bootstrapped)
            AddBootstrap(batch, targets);
        Tensor input = Tape.Constant(Columns(batch, 0, _states + _actions), new Shape(count, _states + _actions));
        Tensor error = Tape.Subtract(_critic.Forward(Tape, input), Tape.Constant(targets, new Shape(count, 1)));
        Tensor loss = Tape.Mean(Tape.Square(error));
        float value = loss.Item();
        Tape.Backward(loss);
        _criticAdam.Step();
        Tape.Reset();
        return value;
    }

    private void AddBootstrap(ReadOnlySpan<float> batch, Span<float> targets)
    {
        int count = _options.Batch;
        using (Tape.Pause())
        {
            Tensor next = Tape.Constant(Columns(batch, _states + _actions + 1, _states), new Shape(count, _states));
            Tensor value = _slowCritic.Forward(Tape, Tape.Concat(next, Tape.Tanh(_slowActor.Forward(Tape, next))));
            for (int i = 0; i < count; i++)
                targets[i] += batch[((i + 1) * _buffer.Width) - 1] * value.Values[i];
        }
        Tape.Reset();
    }

    private void LearnActor(ReadOnlySpan<float> batch)
    {
        int count = _options.Batch;
        Tensor state = Tape.Constant(Columns(batch, 0, _states), new Shape(count, _states));
        Tensor raw = _actor.Forward(Tape, state);
        Tensor value = _critic.Forward(Tape, Tape.Concat(state, Tape.Tanh(raw)));
        // The small term keeps the hyperbolic tangent where it has a slope; saturated, an actor never learns again.
        Tape.Backward(Tape.Subtract(Tape.Scale(Tape.Mean(Tape.Square(raw)), _options.ActionDecay), Tape.Mean(value)));
        _actorAdam.Step();
        // The critic only passed the gradient on.
        _criticAdam.ClearGradients();
        Tape.Reset();
    }
}
