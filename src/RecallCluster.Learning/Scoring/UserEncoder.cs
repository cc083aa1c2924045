using System.Collections.Concurrent;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// What the encoders of all models share: checks, the choice of the newest behaviours, their target vectors from a table of all ads', and
/// a pool of tapes to compute on.
/// </summary>
public abstract class UserEncoder : IUserEncoder
{
    private readonly ModelField[] _fields;
    private readonly TargetVectors _ads;
    private readonly int _codes;
    private readonly ConcurrentBag<Tape> _tapes = [];

    /// <summary>An encoder over a table of target vectors that it does not own.</summary>
    private protected UserEncoder(ModelConfig config, TargetVectors ads, int userStateLength)
    {
        ArgumentNullException.ThrowIfNull(ads);
        _codes = MatchLayout.Of(config).Fields;
        if (ads.Width != config.Width || ads.Codes.Length != ads.Count * _codes)
            throw new ArgumentException(
                $"Ads with vectors of {ads.Width} and {ads.Codes.Length} codes are given; "
                + $"the model has width {config.Width} and {_codes} codes an ad.",
                nameof(ads));
        _fields = config.UserFields;
        _ads = ads;
        SequenceLimit = config.SequenceLimit;
        UserStateLength = userStateLength;
    }

    /// <inheritdoc/>
    public int UserStateLength { get; }

    /// <inheritdoc/>
    public int ProfileFieldCount => _fields.Length;

    /// <inheritdoc/>
    public int SequenceLimit { get; }

    /// <summary>The encoder of a model.</summary>
    /// <param name="model">The model; its weights must not change while the encoder is in use.</param>
    /// <param name="ads">The ads that behaviours name by their row; they stay with their owner.</param>
    /// <param name="folded">
    /// For a deep model: whether the state is for <see cref="FoldedScorer"/>, else for <see cref="PlainScorer"/>.
    /// </param>
    /// <exception cref="NotSupportedException">A deep model with softmax attention cannot be folded.</exception>
    public static UserEncoder Of(IAdModel model, TargetVectors ads, bool folded = true) => model switch
    {
        DeepAdModel deep when folded => new FoldedUserEncoder(deep, ads),
        DeepAdModel deep => new PlainUserEncoder(deep, ads),
        TwoTowerModel towers => new TwoTowerUserEncoder(towers, ads),
        _ => throw new ArgumentException($"There is no user encoder for a {model?.GetType().Name ?? "null model"}.", nameof(model)),
    };

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<int> profile, ReadOnlySpan<int> behaviour, Span<float> state)
    {
        Check(profile, behaviour, state);
        ReadOnlySpan<int> newest = behaviour.Length > SequenceLimit ? behaviour[^SequenceLimit..] : behaviour;
        // An empty sequence is one empty place over a table of one row that nobody looks up.
        int rows = Math.Max(1, newest.Length);
        var places = new int[rows];
        places[0] = -1;
        for (int i = 0; i < newest.Length; i++)
            places[i] = i;
        var user = new BehaviourBatch(profile.ToArray(), rows, places, [newest.Length]);
        if (!_tapes.TryTake(out Tape? tape))
            tape = new Tape();
        try
        {
            using (tape.Pause())
            {
                int width = _ads.Width;
                Tensor vectors = tape.Full(new Shape(rows, width), 0);
                var codes = new int[newest.Length * _codes];
                for (int i = 0; i < newest.Length; i++)
                {
                    _ads.VectorOf(newest[i]).CopyTo(vectors.Values.Slice(i * width, width));
                    _ads.CodesOf(newest[i], _codes).CopyTo(codes.AsSpan(i * _codes));
                }
                Compute(tape, vectors, codes, user, state[..UserStateLength]);
            }
        }
        finally
        {
            tape.Reset();
            _tapes.Add(tape);
        }
    }

    /// <summary>Computes the state of the one user of a batch, whose sequence is the rows of the vectors and the codes.</summary>
    private protected abstract void Compute(Tape tape, Tensor targets, int[] codes, BehaviourBatch user, Span<float> state);

    private void Check(ReadOnlySpan<int> profile, ReadOnlySpan<int> behaviour, Span<float> state)
    {
        if (profile.Length != _fields.Length)
            throw new ArgumentException(
                $"{profile.Length} profile codes are given; the model has {_fields.Length} fields.", nameof(profile));
        if (state.Length < UserStateLength)
            throw new ArgumentException($"There is room for {state.Length} floats; a user state takes {UserStateLength}.", nameof(state));
        for (int i = 0; i < profile.Length; i++)
            if ((uint)profile[i] >= (uint)_fields[i].Cardinality)
                throw new ArgumentOutOfRangeException(
                    nameof(profile), profile[i], $"Profile field '{_fields[i].Name}' has codes 0 to {_fields[i].Cardinality - 1}.");
        foreach (int item in behaviour)
            if (!_ads.Has(item))
                throw new ArgumentOutOfRangeException(nameof(behaviour), item, $"A behaviour names one of {_ads.Count} ads by its row.");
    }
}
