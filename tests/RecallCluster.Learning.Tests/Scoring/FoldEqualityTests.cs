using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Tests.Models;
using RecallCluster.Learning.Tests.Training;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Scoring;

public class FoldEqualityTests
{
    private static readonly Dataset Dataset = TinyWorld.Create(users: 60);

    public static TheoryData<double, bool, bool> RandomModels => new()
    {
        { 0.1, true, false }, { 0.3, true, true }, { 0.6, true, false }, { 0.3, false, false },
    };

    [Theory]
    [MemberData(nameof(RandomModels))]
    public void Folded_scores_equal_plain_ones_for_random_weights(double scale, bool row, bool last)
    {
        ModelConfig config = TinyWorld.Config(Dataset) with { InteractionRow = row, LastBehaviour = last };
        AssertFoldsExactly((DeepAdModel)ModelGradientTests.Randomized(config, seed: 21, scale));
    }

    [Fact]
    public void Folded_scores_equal_plain_ones_for_trained_weights()
    {
        var model = (DeepAdModel)ModelDirectory.Create(TinyWorld.Config(Dataset), new SeededRandom(2));
        new Trainer(new TrainingOptions { BatchSize = 32, Negatives = 32, Epochs = 4, LearningRate = 5e-3f }).Train(model, Dataset);
        AssertFoldsExactly(model);
    }

    [Fact]
    public void Folded_scores_equal_plain_ones_at_the_default_widths()
    {
        ModelConfig config = ModelConfig.For(Dataset);
        AssertFoldsExactly((DeepAdModel)ModelGradientTests.Randomized(config, seed: 8, scale: 0.03));
    }

    [Theory]
    [InlineData(AttentionKind.Linear)]
    [InlineData(AttentionKind.Softmax)]
    public void Plain_scorer_equals_the_scores_on_the_tape(AttentionKind attention)
    {
        ModelConfig config = TinyWorld.Config(Dataset) with { Attention = attention };
        var model = (DeepAdModel)ModelGradientTests.Randomized(config);
        using TargetVectors targets = TargetVectors.Compute(model, Dataset.Items);
        using NativeBlock<float> records = ModelFolder.PlainRecords(model, targets);
        var scorer = new PlainScorer(model, records, targets.Count);
        UserEncoder encoder = UserEncoder.Of(model, targets, folded: false);
        foreach (int[] behaviour in Sequences())
        {
            float[] scores = Score(scorer, encoder, [2], behaviour);
            float[] expected = TapeScores(model, [2], behaviour);
            AssertClose(expected, scores);
        }
    }

    [Theory]
    [InlineData(-1f)]
    [InlineData(9f)]
    [InlineData(float.NaN)]
    [InlineData(1e30f)]
    public void A_plain_state_with_an_impossible_sequence_is_refused(float places)
    {
        var model = (DeepAdModel)ModelGradientTests.Randomized(TinyWorld.Config(Dataset) with { SequenceLimit = 8 });
        using TargetVectors targets = TargetVectors.Compute(model, Dataset.Items);
        using NativeBlock<float> records = ModelFolder.PlainRecords(model, targets);
        var scorer = new PlainScorer(model, records, targets.Count);
        UserEncoder encoder = UserEncoder.Of(model, targets, folded: false);
        var state = new float[encoder.UserStateLength];
        encoder.Encode([2], [3, 4], state);
        state[new PlainUserState(model.Config).CountOffset] = places;
        Assert.Contains(
            "0 to 8", Assert.Throws<ArgumentException>(() => scorer.Score(state, [1], new float[1])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_state_of_other_origin_is_read_within_its_memory(int free)
    {
        var model = (DeepAdModel)ModelGradientTests.Randomized(TinyWorld.Config(Dataset));
        using TargetVectors targets = TargetVectors.Compute(model, Dataset.Items);
        using PreparedModel prepared = PreparedModel.Of(model, targets);
        MatchLayout match = MatchLayout.Of(model.Config);
        var state = new float[prepared.Scorer.UserStateLength];
        // Match tables without, or with hardly, a free slot, whose codes are no ad's.
        Span<int> tables = System.Runtime.InteropServices.MemoryMarshal.Cast<float, int>(state.AsSpan(state.Length - match.StateFloats));
        for (int field = 0; field < match.Fields; field++)
            for (int slot = free; slot < match.Slots; slot++)
                tables[(field * 2 * match.Slots) + slot] = -1 - slot;
        var scores = new float[prepared.Scorer.ItemCount];
        prepared.Scorer.Score(state, AllItems(), scores);
        Assert.All(scores, score => Assert.True(float.IsFinite(score)));
    }

    [Fact]
    public void Two_tower_scorer_equals_the_logits_on_the_tape()
    {
        var model = (TwoTowerModel)ModelGradientTests.Randomized(TinyWorld.Config(Dataset, ModelKind.TwoTower));
        using TargetVectors targets = TargetVectors.Compute(model, Dataset.Items);
        using PreparedModel prepared = PreparedModel.Of(model, targets);
        foreach (int[] behaviour in Sequences())
        {
            var tape = new Tape();
            Tensor all = model.Targets(tape, AllItems(), Dataset.Items);
            Tensor user = model.Users(tape, all, Batch([1], behaviour));
            float[] expected = tape.MatMul(user, all, transposeB: true).Values.ToArray();
            AssertClose(expected, Score(prepared.Scorer, prepared.Encoder, [1], behaviour));
        }
    }

    [Fact]
    public void Softmax_attention_cannot_be_folded()
    {
        ModelConfig config = TinyWorld.Config(Dataset) with { Attention = AttentionKind.Softmax };
        var model = (DeepAdModel)ModelDirectory.Create(config, new SeededRandom(1));
        using TargetVectors targets = TargetVectors.Compute(model, Dataset.Items);
        Assert.Throws<NotSupportedException>(() => ModelFolder.Fold(model, targets));
        Assert.Throws<NotSupportedException>(() => UserEncoder.Of(model, targets));
        using PreparedModel prepared = PreparedModel.Of(model, targets);
        Assert.IsType<PlainScorer>(prepared.Scorer);
    }

    private static void AssertFoldsExactly(DeepAdModel model)
    {
        using TargetVectors targets = TargetVectors.Compute(model, Dataset.Items);
        using NativeBlock<float> records = ModelFolder.PlainRecords(model, targets);
        using FoldedModel folded = ModelFolder.Fold(model, targets);
        using var fast = new FoldedScorer(folded.Weights, folded.Records, folded.Count);
        var plain = new PlainScorer(model, records, targets.Count);
        UserEncoder foldedEncoder = UserEncoder.Of(model, targets);
        UserEncoder plainEncoder = UserEncoder.Of(model, targets, folded: false);
        foreach (int[] behaviour in Sequences())
            foreach (int[] profile in new int[][] { [0], [3] })
                AssertClose(Score(plain, plainEncoder, profile, behaviour), Score(fast, foldedEncoder, profile, behaviour));
    }

    // Empty, one ad, several, duplicates, more than the limit.
    private static int[][] Sequences() => [[], [17], [3, 50, 99], [4, 4, 4, 80], [.. Enumerable.Range(10, 70)]];

    private static int[] AllItems() => [.. Enumerable.Range(0, Dataset.Items.Count)];

    private static BehaviourBatch Batch(int[] profile, int[] behaviour)
    {
        int limit = TinyWorld.Config(Dataset).SequenceLimit;
        int[] newest = behaviour.Length > limit ? behaviour[^limit..] : behaviour;
        return new BehaviourBatch(profile, Math.Max(1, newest.Length), newest.Length == 0 ? [-1] : newest, [newest.Length]);
    }

    private static float[] TapeScores(DeepAdModel model, int[] profile, int[] behaviour)
    {
        var tape = new Tape();
        Tensor all = model.Targets(tape, AllItems(), Dataset.Items);
        BehaviourBatch batch = Batch(profile, behaviour);
        DeepUserSide users = model.Users(tape, all, batch);
        Tensor? matches = model.Matches(tape, users, HistoryMatch.CodesOf(model.Config, AllItems(), Dataset.Items), all.Shape[0], batch);
        return model.PlainScores(tape, users, all, matches).Values.ToArray();
    }

    private static float[] Score(RecallCluster.Retrieval.IScorer scorer, UserEncoder encoder, int[] profile, int[] behaviour)
    {
        var state = new float[encoder.UserStateLength];
        encoder.Encode(profile, behaviour, state);
        var scores = new float[scorer.ItemCount];
        scorer.Score(state, AllItems(), scores);
        return scores;
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(
                MathF.Abs(expected[i] - actual[i]) <= 1e-4f * (1 + MathF.Abs(expected[i])), $"Ad {i}: {expected[i]} against {actual[i]}.");
    }
}
