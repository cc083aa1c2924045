namespace RecallCluster.Learning.Scoring;

/// <summary>
/// What the folded scorer needs of a model beside the ads' records and the user's state: the layers above the first, and the layout of
/// both. Immutable.
/// </summary>
/// <remarks>
/// With d the embedding width, h1 and h2 the hidden widths, and phi = elu + 1, the score of ad i for a user is
/// <code>
/// w3 . act2(W2 . act1(base + W_t t_i + Mt' phi(q_i) / (phi(q_i) . z + epsilon)) + b2) + b3 + r . phi(q_i) + matches(i)
/// </code>
/// An ad's record is [phi(q_i): d | W_t t_i: h1 | codes], the codes being those of <see cref="MatchLayout"/>. A user's state is
/// [base: h1 | z: d | r: d | Mt: d rows of h1 | match tables], where base is the user's part of the first layer with its bias, z the sum of
/// phi(k_j) over the behaviour sequence, r the interaction row, and Mt[k, c] = sum over e of S[k, e] W_a[c, e], S the sum of
/// phi(k_j) v_j'. Linear attention: Katharopoulos et al., "Transformers are RNNs", 2020. act is PReLU with a slope per channel
/// (He et al., 2015).
/// </remarks>
public sealed class FoldedWeights
{
    /// <summary>Added to the denominator of the attention, so that an empty sequence gives 0 rather than 0/0.</summary>
    public const float Epsilon = 1e-6f;

    private readonly float[] _slope1;
    private readonly float[] _w2;
    private readonly float[] _b2;
    private readonly float[] _slope2;
    private readonly float[] _w3;

    /// <summary>Copies the weights.</summary>
    /// <param name="width">Embedding width d.</param>
    /// <param name="slope1">PReLU slopes of the first layer; their number is h1.</param>
    /// <param name="w2">Second layer, h2 x h1, row-major.</param>
    /// <param name="b2">Bias of the second layer; their number is h2.</param>
    /// <param name="slope2">PReLU slopes of the second layer, h2.</param>
    /// <param name="w3">Output row, h2.</param>
    /// <param name="b3">Output bias.</param>
    /// <param name="match">Layout of the history match; none by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">A width is not positive.</exception>
    /// <exception cref="ArgumentException">The lengths do not fit each other, or the history match has no layout.</exception>
    public FoldedWeights(
        int width,
        ReadOnlySpan<float> slope1,
        ReadOnlySpan<float> w2,
        ReadOnlySpan<float> b2,
        ReadOnlySpan<float> slope2,
        ReadOnlySpan<float> w3,
        float b3,
        MatchLayout match = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfZero(slope1.Length, nameof(slope1));
        ArgumentOutOfRangeException.ThrowIfZero(b2.Length, nameof(b2));
        CheckLength(w2.Length, (long)b2.Length * slope1.Length, nameof(w2));
        CheckLength(slope2.Length, b2.Length, nameof(slope2));
        CheckLength(w3.Length, b2.Length, nameof(w3));
        match.Validate();
        Width = width;
        Hidden1 = slope1.Length;
        Hidden2 = b2.Length;
        Match = match;
        UserStateLength = checked(MatchOffset + match.StateFloats);
        _slope1 = slope1.ToArray();
        _w2 = w2.ToArray();
        _b2 = b2.ToArray();
        _slope2 = slope2.ToArray();
        _w3 = w3.ToArray();
        B3 = b3;
    }

    /// <summary>Embedding width, d.</summary>
    public int Width { get; }

    /// <summary>Width of the first hidden layer, h1.</summary>
    public int Hidden1 { get; }

    /// <summary>Width of the second hidden layer, h2.</summary>
    public int Hidden2 { get; }

    /// <summary>Layout of the history match.</summary>
    public MatchLayout Match { get; }

    /// <summary>Floats of an ad's record: d + h1, and its codes.</summary>
    public int RecordLength => Width + Hidden1 + Match.RecordFloats;

    /// <summary>Floats of a user's state: h1 + 2 d + d h1, and the match tables.</summary>
    public int UserStateLength { get; }

    /// <summary>Where z begins in a user's state; the base begins at 0.</summary>
    public int NormalizerOffset => Hidden1;

    /// <summary>Where r begins in a user's state.</summary>
    public int InteractionOffset => Hidden1 + Width;

    /// <summary>Where Mt begins in a user's state.</summary>
    public int AttentionOffset => Hidden1 + (2 * Width);

    /// <summary>Where the match tables begin in a user's state.</summary>
    public int MatchOffset => AttentionOffset + (Width * Hidden1);

    /// <summary>PReLU slopes of the first layer, h1.</summary>
    public ReadOnlySpan<float> Slope1 => _slope1;

    /// <summary>Second layer, h2 x h1, row-major.</summary>
    public ReadOnlySpan<float> W2 => _w2;

    /// <summary>Bias of the second layer, h2.</summary>
    public ReadOnlySpan<float> B2 => _b2;

    /// <summary>PReLU slopes of the second layer, h2.</summary>
    public ReadOnlySpan<float> Slope2 => _slope2;

    /// <summary>Output row, h2.</summary>
    public ReadOnlySpan<float> W3 => _w3;

    /// <summary>Output bias.</summary>
    public float B3 { get; }

    private static void CheckLength(int length, long wanted, string name)
    {
        if (length != wanted)
            throw new ArgumentException($"{name} holds {length} floats; {wanted} are wanted.", name);
    }
}
