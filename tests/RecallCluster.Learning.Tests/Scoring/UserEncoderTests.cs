using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Tests.Models;
using RecallCluster.Learning.Tests.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Scoring;

public sealed class UserEncoderTests : IDisposable
{
    private static readonly Dataset Dataset = TinyWorld.Create(users: 10);
    private readonly DeepAdModel _model = (DeepAdModel)ModelGradientTests.Randomized(TinyWorld.Config(Dataset));
    private readonly TargetVectors _targets;
    private readonly UserEncoder _encoder;

    public UserEncoderTests()
    {
        _targets = TargetVectors.Compute(_model, Dataset.Items);
        _encoder = UserEncoder.Of(_model, _targets);
    }

    public void Dispose() => _targets.Dispose();

    [Fact]
    public void An_unknown_user_has_a_finite_state_without_attention()
    {
        float[] state = Encode([0], []);
        Assert.All(state, value => Assert.True(float.IsFinite(value)));
        int h1 = _model.Config.Hidden1, d = _model.Config.Width;
        Assert.All(state[h1..(h1 + d)], value => Assert.Equal(0, value));
        Assert.All(state[(h1 + (2 * d))..], value => Assert.Equal(0, value));
        Assert.Contains(state[..h1], value => value != 0);
    }

    [Fact]
    public void Of_a_long_sequence_the_newest_behaviours_count()
    {
        int[] sequence = [.. Enumerable.Range(0, 40)];
        Assert.Equal(Encode([1], sequence[^_encoder.SequenceLimit..]), Encode([1], sequence));
        Assert.NotEqual(Encode([1], sequence[.._encoder.SequenceLimit]), Encode([1], sequence));
    }

    [Fact]
    public void An_ad_that_comes_twice_counts_twice() => Assert.NotEqual(Encode([1], [5, 6]), Encode([1], [5, 6, 6]));

    [Fact]
    public void Calls_at_the_same_time_do_not_disturb_each_other()
    {
        int[][] sequences = [.. Enumerable.Range(0, 64).Select(i => Enumerable.Range(i, i % 6).ToArray())];
        float[][] expected = [.. sequences.Select(sequence => Encode([2], sequence))];
        var actual = new float[sequences.Length][];
        Parallel.For(0, sequences.Length, i => actual[i] = Encode([2], sequences[i]));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Contains("1 fields", Assert.Throws<ArgumentException>(() => Encode([1, 1], [])).Message, StringComparison.Ordinal);
        Assert.Contains("segment", Assert.Throws<ArgumentOutOfRangeException>(() => Encode([4], [])).Message, StringComparison.Ordinal);
        Assert.Contains("120 ads", Assert.Throws<ArgumentOutOfRangeException>(() => Encode([1], [120])).Message, StringComparison.Ordinal);
        Assert.Contains("120 ads", Assert.Throws<ArgumentOutOfRangeException>(() => Encode([1], [-1])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _encoder.Encode([1], [], new float[3]));
        var without = new DeepAdModel(_model.Config with { HistoryMatch = false }, new SeededRandom(1));
        using TargetVectors other = TargetVectors.Compute(without, Dataset.Items);
        Assert.Throws<ArgumentException>(() => UserEncoder.Of(_model, other));
    }

    private float[] Encode(int[] profile, int[] behaviour)
    {
        var state = new float[_encoder.UserStateLength];
        _encoder.Encode(profile, behaviour, state);
        return state;
    }
}
