using System.Numerics.Tensors;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>One thread's share of a <see cref="PairwiseLoss"/>: the passes forward and backward of one user after the other.</summary>
internal sealed class PairwiseWorker
{
    private PairwiseInputs _inputs;
    private CandidateTargets _targets = null!;
    private LossKind _kind;
    private float _weight;

    // Activations of one user, [n, h1] or [n, h2], and a value per ad.
    private float[] _attention = [], _before1 = [], _after1 = [], _gradient1 = [], _row2 = [], _after2 = [];
    private float[] _scale = [], _scores = [], _scoreGradient = [], _normalizerGradient = [];

    /// <summary>What this worker adds to.</summary>
    public PairwiseGradients Gradients { get; private set; } = null!;

    /// <summary>Makes ready for a batch.</summary>
    public void Prepare(PairwiseInputs inputs, PairwiseGradients gradients, CandidateTargets targets, LossKind kind)
    {
        _inputs = inputs;
        Gradients = gradients;
        _targets = targets;
        _kind = kind;
        _weight = 1f / inputs.Users;
        int first = inputs.Ads * inputs.Hidden1, second = inputs.Ads * inputs.Hidden2;
        Reserve(ref _attention, first);
        Reserve(ref _before1, first);
        Reserve(ref _after1, first);
        Reserve(ref _gradient1, first);
        Reserve(ref _row2, second);
        Reserve(ref _after2, second);
        Reserve(ref _scale, inputs.Ads);
        Reserve(ref _scores, inputs.Ads);
        Reserve(ref _scoreGradient, inputs.Ads);
        Reserve(ref _normalizerGradient, inputs.Ads);
    }

    /// <summary>Sum of the losses of users <paramref name="start"/> to <paramref name="end"/>; their gradients are added.</summary>
    public double Run(int start, int end)
    {
        double loss = 0;
        for (int user = start; user < end; user++)
        {
            Forward(user);
            Span<float> scores = _scores.AsSpan(0, _inputs.Ads), gradient = _scoreGradient.AsSpan(0, _inputs.Ads);
            loss += _kind == LossKind.SampledSoftmax
                ? CandidateLoss.Softmax(scores, _targets, user, gradient)
                : CandidateLoss.Binary(scores, _targets, user, gradient);
            TensorPrimitives.Multiply(gradient, _weight, gradient);
            BackwardSecond();
            BackwardFirst(user);
        }
        return loss;
    }

    private void Forward(int user)
    {
        int n = _inputs.Ads, d = _inputs.Width, h1 = _inputs.Hidden1, h2 = _inputs.Hidden2;
        PairwiseLayers layers = _inputs.Layers;
        ReadOnlySpan<float> queries = _inputs.Queries.Values, firstLayer = _inputs.FirstLayer.Values;
        ReadOnlySpan<float> userRow = _inputs.Base.Values.Slice(user * h1, h1);
        ReadOnlySpan<float> normalizer = _inputs.Normalizer.Values.Slice(user * d, d);
        Gemm.Multiply(queries, false, _inputs.Attention.Values.Slice(user * d * h1, d * h1), false, _attention, n, h1, d, false);
        for (int i = 0; i < n; i++)
        {
            _scale[i] = 1 / (TensorPrimitives.Dot(queries.Slice(i * d, d), normalizer) + FoldedWeights.Epsilon);
            PairwiseKernels.FirstLayer(_attention.AsSpan(i * h1, h1), _scale[i], userRow, firstLayer.Slice(i * h1, h1), layers.Slope1.Values,
                _before1.AsSpan(i * h1, h1), _after1.AsSpan(i * h1, h1));
        }
        Gemm.Multiply(_after1, false, layers.W2.Values, true, _row2, n, h2, h1, false);
        ReadOnlySpan<float> interaction = _inputs.Interaction == null ? [] : _inputs.Interaction.Values.Slice(user * d, d);
        float b3 = layers.B3.Item();
        for (int i = 0; i < n; i++)
        {
            Span<float> after = _after2.AsSpan(i * h2, h2);
            PairwiseKernels.SecondLayer(_row2.AsSpan(i * h2, h2), layers.B2.Values, layers.Slope2.Values, after);
            float score = TensorPrimitives.Dot(after, layers.W3.Values) + b3;
            _scores[i] = interaction.IsEmpty ? score : score + TensorPrimitives.Dot(interaction, queries.Slice(i * d, d));
        }
    }

    // From the scores' gradients to that of the first layer's activation.
    private void BackwardSecond()
    {
        int n = _inputs.Ads, h1 = _inputs.Hidden1, h2 = _inputs.Hidden2;
        PairwiseLayers layers = _inputs.Layers;
        for (int i = 0; i < n; i++)
            PairwiseKernels.SecondLayerGradient(_row2.AsSpan(i * h2, h2), _after2.AsSpan(i * h2, h2), _scoreGradient[i], layers.W3.Values,
                layers.Slope2.Values, Gradients.W3.Values, Gradients.B2.Values, Gradients.Slope2.Values);
        Gradients.B3.Values[0] += TensorPrimitives.Sum<float>(_scoreGradient.AsSpan(0, n));
        Gemm.Multiply(_row2, true, _after1, false, Gradients.W2.Values, h2, h1, n, true);
        Gemm.Multiply(_row2, false, layers.W2.Values, false, _gradient1, n, h1, h2, false);
    }

    private void BackwardFirst(int user)
    {
        int n = _inputs.Ads, d = _inputs.Width, h1 = _inputs.Hidden1;
        Span<float> userGradient = Gradients.Base.Values.Slice(user * h1, h1), itemGradient = Gradients.FirstLayer.Values;
        for (int i = 0; i < n; i++)
        {
            float product = PairwiseKernels.FirstLayerGradient(_gradient1.AsSpan(i * h1, h1), _before1.AsSpan(i * h1, h1),
                _attention.AsSpan(i * h1, h1), _scale[i], _inputs.Layers.Slope1.Values, userGradient, itemGradient.Slice(i * h1, h1),
                Gradients.Slope1.Values);
            _normalizerGradient[i] = -product * _scale[i];
        }
        ReadOnlySpan<float> queries = _inputs.Queries.Values;
        int start = user * d * h1;
        Gemm.Multiply(queries, true, _gradient1, false, Gradients.Attention.Values.Slice(start, d * h1), d, h1, n, false);
        Gemm.Multiply(_gradient1, false, _inputs.Attention.Values.Slice(start, d * h1), true, Gradients.Queries.Values, n, d, h1, true);
        AddOuter(_normalizerGradient, _inputs.Normalizer.Values.Slice(user * d, d), Gradients.Normalizer.Values.Slice(user * d, d));
        if (_inputs.Interaction != null)
            AddOuter(_scoreGradient, _inputs.Interaction.Values.Slice(user * d, d), Gradients.Interaction!.Values.Slice(user * d, d));
    }

    // For products x_i = queries_i . row with gradients g: the gradients of the queries and of the row.
    private void AddOuter(ReadOnlySpan<float> g, ReadOnlySpan<float> row, Span<float> rowGradient)
    {
        int d = _inputs.Width;
        ReadOnlySpan<float> queries = _inputs.Queries.Values;
        Span<float> queryGradient = Gradients.Queries.Values;
        for (int i = 0; i < _inputs.Ads; i++)
        {
            Span<float> target = queryGradient.Slice(i * d, d);
            TensorPrimitives.MultiplyAdd(row, g[i], target, target);
            TensorPrimitives.MultiplyAdd(queries.Slice(i * d, d), g[i], rowGradient, rowGradient);
        }
    }

    private static void Reserve(ref float[] array, int length)
    {
        if (array.Length < length)
            array = GC.AllocateUninitializedArray<float>(length);
    }
}
