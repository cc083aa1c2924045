using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>
/// Plays one day with a noisy actor and writes down experiences: rows of state, action, return, next state, and whether there is one. With
/// <see cref="CriticTarget.ActThenHold"/> the return is G = (R + V) / R* - penalties, R the value so far and V that of the rest of the
/// day with the new weights held, less the G of changing nothing, which does not depend on the action; actions that were not taken are
/// evaluated as well.
/// </summary>
internal sealed class UscbEpisode(UscbOptions options, int kpis)
{
    private const double NearActor = 0.2;

    private readonly DayScore _score = new(options.PenaltyGrowth, options.PenaltyCap);
    private readonly int _states = UscbFeatures.CountFor(kpis), _actions = 1 + kpis;

    public int RowWidth => (2 * _states) + _actions + 2;

    public float[] Play(BidDay day, ActorNetwork actor, double noise, SeededRandom random)
    {
        BidWeights start = StartWeights.Movable(day.Setting);
        var features = new UscbFeatures(day.Setting, start);
        var steps = new WeightSteps(day.Setting, start);
        bool holds = options.Target == CriticTarget.ActThenHold;
        int perTick = holds ? 1 + options.ExtraActions : 1;
        var rows = new float[day.Ticks * perTick * RowWidth];
        Span<float> action = stackalloc float[_actions];
        var run = new DayRun(day);
        // Days begin anywhere around yesterday's optimum, so that the critic knows the way back from wherever the actor strays.
        ControlState state = run.State with { Weights = steps.Disturbed(start, options.StartDeviation * random.NextDouble(), random) };
        float[] x = new float[_states], next = new float[_states];
        features.Fill(state, x);
        while (!run.IsOver)
        {
            int tick = run.Tick;
            Span<float> tickRows = rows.AsSpan(tick * perTick * RowWidth, perTick * RowWidth);
            // All actions of a state meet the same rest of the day, so their differences are known far better than their values.
            double still = holds ? _score.Of(day, run.Hold(state.Weights)) : 0;
            for (int extra = 1; extra < perTick; extra++)
            {
                actor.Forward(x, action);
                foreach (ref float a in action)
                    a = extra == 1
                        ? (float)((2 * random.NextDouble()) - 1)
                        : (float)Math.Clamp(MathF.Tanh(a) + (NearActor * random.NextGaussian()), -1, 1);
                double hold = _score.Of(day, run.Hold(steps.Apply(state.Weights, action))) - still;
                Write(tickRows.Slice(extra * RowWidth, RowWidth), x, action, hold, x, more: false);
            }
            actor.Forward(x, action);
            foreach (ref float a in action)
                a = (float)Math.Clamp(MathF.Tanh(a) + (noise * random.NextGaussian()), -1, 1);
            BidWeights weights = steps.Apply(state.Weights, action);
            double reward = holds ? _score.Of(day, run.Hold(weights)) - still : 0;
            double before = run.Total.Value;
            run.Play(weights);
            if (!run.IsOver)
            {
                state = run.State;
                features.Observe(day.Log.Slice(day.FirstOf(tick), day.FirstOf(run.Tick) - day.FirstOf(tick)), 1);
                if (holds && random.NextDouble() < options.Jumps)
                    state = state with { Weights = steps.Disturbed(start, options.StartDeviation, random) };
                features.Fill(state, next);
            }
            if (!holds)
                reward = DayScore.Share(day, run.Total.Value - before) - (run.IsOver ? _score.Penalty(day, run.Total) : 0);
            Write(tickRows[..RowWidth], x, action, reward, next, !run.IsOver);
            (x, next) = (next, x);
        }
        return rows;
    }

    private void Write(
        Span<float> row, ReadOnlySpan<float> x, ReadOnlySpan<float> action, double reward, ReadOnlySpan<float> next, bool more)
    {
        x.CopyTo(row);
        action.CopyTo(row[_states..]);
        row[_states + _actions] = (float)reward;
        next.CopyTo(row[(_states + _actions + 1)..]);
        row[^1] = more ? 1 : 0;
    }
}
