using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Tests.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Models;

public class ModelGradientTests
{
    private const float Step = 5e-3f;
    private static readonly Dataset Dataset = TinyWorld.Create(users: 10);

    public static TheoryData<ModelKind, AttentionKind, LossKind, bool> Cases => new()
    {
        { ModelKind.Deep, AttentionKind.Linear, LossKind.SampledSoftmax, true },
        { ModelKind.Deep, AttentionKind.Linear, LossKind.SampledSoftmax, false },
        { ModelKind.Deep, AttentionKind.Linear, LossKind.BinaryCrossEntropy, true },
        { ModelKind.Deep, AttentionKind.Softmax, LossKind.SampledSoftmax, true },
        { ModelKind.TwoTower, AttentionKind.Linear, LossKind.SampledSoftmax, true },
        { ModelKind.TwoTower, AttentionKind.Linear, LossKind.BinaryCrossEntropy, true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradient_of_the_whole_model_agrees_with_finite_differences(
        ModelKind kind, AttentionKind attention, LossKind lossKind, bool row)
    {
        ModelConfig config = TinyWorld.Config(Dataset, kind) with { Attention = attention, InteractionRow = row, LastBehaviour = true };
        IAdModel model = Randomized(config);
        RemoveKinks(model);
        TrainingBatch batch = TinyBatch.Create(Dataset);
        var options = new LossOptions { Kind = lossKind };
        var tape = new Tape();
        tape.Backward(model.Loss(tape, batch, options));

        var random = new SeededRandom(9);
        foreach (Parameter parameter in model.Parameters)
        {
            float[] gradient = Whole(parameter);
            for (int probe = 0; probe < 6; probe++)
            {
                int at = random.NextInt(parameter.Value.Length);
                double expected = CentralDifference(model, batch, options, parameter, at);
                Assert.True(Math.Abs(gradient[at] - expected) <= 3e-3 * (0.25 + Math.Abs(expected)),
                    $"{parameter.Name}[{at}]: the central difference is {expected}, the tape says {gradient[at]}.");
            }
        }
    }

    [Theory]
    [InlineData(1, LossKind.SampledSoftmax)]
    [InlineData(3, LossKind.SampledSoftmax)]
    [InlineData(2, LossKind.BinaryCrossEntropy)]
    public void Fused_loss_equals_the_loss_of_the_plain_scores(int threads, LossKind kind)
    {
        var model = (DeepAdModel)Randomized(TinyWorld.Config(Dataset));
        TrainingBatch batch = TinyBatch.Create(Dataset);
        using var team = new WorkerTeam(threads);
        var tape = new Tape(team);
        Tensor fused = model.Loss(tape, batch, new LossOptions { Kind = kind });
        float fusedValue = fused.Item();
        tape.Backward(fused);
        float[][] gradients = [.. model.Parameters.Select(Whole)];
        foreach (Parameter parameter in model.Parameters)
            parameter.Gradient.Clear();
        tape.Reset();

        Tensor all = model.Targets(tape, batch.Items, Dataset.Items);
        DeepUserSide users = model.Users(tape, all, batch.Users);
        Tensor? matches = model.Matches(
            tape, users, HistoryMatch.CodesOf(model.Config, batch.Items, Dataset.Items), batch.CandidateCount, batch.Users);
        Assert.Contains(matches!.Values.ToArray(), value => value != 0);
        Tensor scores = model.PlainScores(tape, users, tape.SliceFirst(all, 0, batch.CandidateCount), matches);
        Tensor plain = LogitLoss.Compute(tape, scores, batch.Targets, kind);
        Assert.Equal(plain.Item(), fusedValue, 1e-4f);
        tape.Backward(plain);
        int index = 0;
        foreach (Parameter parameter in model.Parameters)
        {
            float[] expected = Whole(parameter), actual = gradients[index++];
            float scale = 1e-3f + expected.Max(MathF.Abs);
            for (int i = 0; i < expected.Length; i++)
                Assert.True(
                    MathF.Abs(expected[i] - actual[i]) <= 1e-4f * scale, $"{parameter.Name}[{i}]: plain {expected[i]}, fused {actual[i]}.");
        }
    }

    [Fact]
    public void Adversarial_loss_lies_above_the_plain_one_and_its_gradient_is_finite()
    {
        IAdModel model = Randomized(TinyWorld.Config(Dataset));
        TrainingBatch batch = TinyBatch.Create(Dataset);
        var tape = new Tape();
        float plain = model.Loss(tape, batch, new LossOptions()).Item();
        tape.Reset();
        Tensor loss = model.Loss(tape, batch, new LossOptions { AdversarialWeight = 1, AdversarialStep = 0.05f });
        Assert.True(loss.Item() > plain, $"{loss.Item()} is not above {plain}.");
        tape.Backward(loss);
        foreach (Parameter parameter in model.Parameters)
            Assert.True(double.IsFinite(parameter.Gradient.SquaredNorm()), parameter.Name);
    }

    [Fact]
    public void An_adversarial_step_of_zero_changes_nothing()
    {
        IAdModel model = Randomized(TinyWorld.Config(Dataset));
        TrainingBatch batch = TinyBatch.Create(Dataset);
        var tape = new Tape();
        tape.Backward(model.Loss(tape, batch, new LossOptions()));
        float[][] plain = [.. model.Parameters.Select(Whole)];
        foreach (Parameter parameter in model.Parameters)
            parameter.Gradient.Clear();
        tape.Reset();
        tape.Backward(model.Loss(tape, batch, new LossOptions { AdversarialWeight = 0.5f, AdversarialStep = 0 }));
        int index = 0;
        foreach (Parameter parameter in model.Parameters)
        {
            float[] expected = plain[index++], actual = Whole(parameter);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], 1e-4f);
        }
    }

    /// <summary>A model whose weights are all random, biases and slopes included, so that no term of the gradient is hidden.</summary>
    internal static IAdModel Randomized(ModelConfig config, ulong seed = 11, double scale = 0.3)
    {
        IAdModel model = ModelDirectory.Create(config, new SeededRandom(seed));
        var random = new SeededRandom(seed + 1);
        foreach (Parameter parameter in model.Parameters)
            foreach (ref float value in parameter.Value.Values)
                value += (float)(scale * random.NextGaussian());
        return model;
    }

    /// <summary>
    /// Sets the slopes of all PReLUs to 1, where a difference over a step is not bent by a kink within it. Other slopes are compared with
    /// the plain scores' gradient and, operation by operation, with differences of their own.
    /// </summary>
    private static void RemoveKinks(IAdModel model)
    {
        foreach (Parameter parameter in model.Parameters.Where(p => p.Name.EndsWith(".slope", StringComparison.Ordinal)))
            parameter.Value.Values.Fill(1);
    }

    // Of fourth order: with one of second order, steps that rise above the rounding of a float's loss are too long.
    private static double CentralDifference(IAdModel model, TrainingBatch batch, LossOptions options, Parameter parameter, int at)
    {
        float before = parameter.Value.Values[at];
        double difference = ((8 * (At(before + Step) - At(before - Step))) - (At(before + (2 * Step)) - At(before - (2 * Step))))
            / (12 * Step);
        parameter.Value.Values[at] = before;
        return difference;

        double At(float value)
        {
            parameter.Value.Values[at] = value;
            var tape = new Tape();
            using (tape.Pause())
                return model.Loss(tape, batch, options).Item();
        }
    }

    private static float[] Whole(Parameter parameter)
    {
        var whole = new float[parameter.Value.Length];
        if (parameter.Gradient is not SparseGradient sparse)
        {
            if (!parameter.Gradient.IsEmpty)
                parameter.Gradient.Values.CopyTo(whole);
            return whole;
        }
        int width = parameter.Value.Shape.Width;
        for (int i = 0; i < sparse.Rows.Length; i++)
            sparse.Values.Slice(i * width, width).CopyTo(whole.AsSpan(sparse.Rows[i] * width));
        return whole;
    }
}
