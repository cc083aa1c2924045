using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Losses;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Golden;

/// <summary>One training step of a small model of the reference's shape against PyTorch: logits, loss, every gradient.</summary>
public sealed class ModelGoldenTests
{
    private const double Tolerance = 2e-5;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_whole_step_has_the_loss_and_the_gradients_of_torch(int threads)
    {
        using var golden = new GoldenFile("model.safetensors");
        using var team = new WorkerTeam(threads);
        var model = new ReferenceModel(golden);
        var tape = new Tape(team);
        int[] positives = golden.ReadInts("positives"), negatives = golden.ReadInts("negatives");

        ReferenceModel.UserState state = model.State(tape);
        Tensor positiveTargets = model.Target(tape, positives, new Shape(ReferenceModel.Users, 1));
        Tensor negativeTargets = model.Target(tape, negatives, new Shape(ReferenceModel.Negatives));
        Tensor positiveLogits = model.Score(tape, state, positiveTargets);
        Tensor negativeLogits = model.Score(tape, state, negativeTargets);
        golden.AssertClose("positive_logits", positiveLogits, Tolerance);
        golden.AssertClose("negative_logits", negativeLogits, Tolerance);
        Tensor loss = SampledSoftmax.Loss(tape, positiveLogits, negativeLogits, positives, negatives,
            golden.Read("log_q_positive").Values, golden.Read("log_q_negative").Values);
        golden.AssertClose("loss", loss, Tolerance);

        // The gradient of an intermediate result, which the adversarial perturbation follows, leaves the parameters' gradients alone.
        golden.AssertClose("target_gradient", tape.Gradients(loss, [negativeTargets])[0], Tolerance);
        Assert.All(model.Parameters, parameter => Assert.True(parameter.Gradient.IsEmpty));
        tape.Backward(loss);
        foreach (Parameter parameter in model.Parameters)
            golden.AssertClose($"gradient/{parameter.Name}", LayerGoldenTests.Dense(parameter), Tolerance);
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 1)]
    [InlineData(2, 3)]
    public void A_step_in_chunks_has_the_loss_and_the_gradients_of_torch(int threads, int chunkSize)
    {
        using var golden = new GoldenFile("model.safetensors");
        using var team = new WorkerTeam(threads);
        var model = new ReferenceModel(golden);
        var tape = new Tape(team);
        var chunks = new ChunkedLoss(team);
        int[] positives = golden.ReadInts("positives"), negatives = golden.ReadInts("negatives");
        Tensor positiveLogQ = golden.Read("log_q_positive"), negativeLogQ = golden.Read("log_q_negative");

        ReferenceModel.UserState state = model.State(tape);
        Tensor positiveLogits = model.Score(tape, state, model.Target(tape, positives, new Shape(ReferenceModel.Users, 1)));
        Tensor targets = model.Target(tape, negatives, new Shape(ReferenceModel.Negatives));
        Tensor loss = chunks.Run(tape, ReferenceModel.Users, chunkSize, [targets], [state.Base, state.S, state.Z, state.R, positiveLogits],
            (worker, chunk) =>
            {
                var part = new ReferenceModel.UserState(chunk.PerEntry[0], chunk.PerEntry[1], chunk.PerEntry[2], chunk.PerEntry[3]);
                Tensor mean = SampledSoftmax.Loss(worker, chunk.PerEntry[4], model.Score(worker, part, chunk.Shared[0]),
                    positives.AsSpan(chunk.Start, chunk.Count), negatives,
                    positiveLogQ.Values.Slice(chunk.Start, chunk.Count), negativeLogQ.Values);
                return worker.Scale(mean, chunk.Count / (float)ReferenceModel.Users);
            });
        golden.AssertClose("loss", loss, Tolerance);
        golden.AssertClose("target_gradient", tape.Gradients(loss, [targets])[0], Tolerance);
        tape.Backward(loss);
        foreach (Parameter parameter in model.Parameters)
            golden.AssertClose($"gradient/{parameter.Name}", LayerGoldenTests.Dense(parameter), Tolerance);
    }
}
