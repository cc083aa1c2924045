using RecallCluster.Numerics;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// The weights of <see cref="FoldedWeights"/> as the kernels want them: aligned, W2 transposed into panels of 32 columns, and h2 rounded
/// up to whole panels with channels that contribute nothing.
/// </summary>
internal sealed unsafe class FoldedLayers : IDisposable
{
    /// <summary>Columns of a packed panel: two of the widest vectors. Narrower vectors take a panel in pieces.</summary>
    public const int PanelWidth = 32;

    private readonly NativeBlock<float> _block;

    public FoldedLayers(FoldedWeights weights)
    {
        Width = weights.Width;
        Hidden1 = weights.Hidden1;
        Hidden2 = (weights.Hidden2 + PanelWidth - 1) / PanelWidth * PanelWidth;
        B3 = weights.B3;
        Match = weights.Match;
        int slope1Length = (Hidden1 + 15) / 16 * 16;
        _block = new NativeBlock<float>(slope1Length + (3L * Hidden2) + ((long)Hidden1 * Hidden2));
        Slope1 = _block.Pointer;
        B2 = Slope1 + slope1Length;
        Slope2 = B2 + Hidden2;
        W3 = Slope2 + Hidden2;
        W2 = W3 + Hidden2;
        weights.Slope1.CopyTo(new Span<float>(Slope1, Hidden1));
        weights.B2.CopyTo(new Span<float>(B2, Hidden2));
        weights.Slope2.CopyTo(new Span<float>(Slope2, Hidden2));
        weights.W3.CopyTo(new Span<float>(W3, Hidden2));
        for (int channel = 0; channel < weights.Hidden2; channel++)
        {
            float* column = W2Panel(channel / PanelWidth * PanelWidth) + (channel % PanelWidth);
            for (int k = 0; k < Hidden1; k++)
                column[k * PanelWidth] = weights.W2[(channel * Hidden1) + k];
        }
    }

    public int Width { get; }

    public int Hidden1 { get; }

    /// <summary>h2 rounded up to whole panels.</summary>
    public int Hidden2 { get; }

    /// <summary>Floats of an ad that go through the layers.</summary>
    public int LayerFloats => Width + Hidden1;

    public MatchLayout Match { get; }

    /// <summary>Where the match tables begin in a user's state.</summary>
    public int MatchOffset => Hidden1 + (2 * Width) + (Width * Hidden1);

    /// <summary>Bytes of a record whose floats take <paramref name="size"/> bytes each; its codes are always whole.</summary>
    public int RecordBytes(int size) => CodesOffset(size) + (Match.RecordFloats * sizeof(float));

    /// <summary>Where the codes begin in such a record, in bytes.</summary>
    public int CodesOffset(int size) => LayerFloats * size;

    public float B3 { get; }

    public float* Slope1 { get; }

    public float* W2 { get; }

    public float* B2 { get; }

    public float* Slope2 { get; }

    public float* W3 { get; }

    public bool IsDisposed => _block.Pointer == null;

    /// <summary>The h1 x 32 floats of transposed W2 that hold <paramref name="column"/>, from that column on.</summary>
    public float* W2Panel(int column) => W2 + ((nint)(column / PanelWidth) * PanelWidth * Hidden1) + (column % PanelWidth);

    /// <summary>Whether d is whole vectors of <paramref name="lanes"/> floats and h1 whole pairs of them.</summary>
    public bool Fits(int lanes) => Width % lanes == 0 && Hidden1 % (2 * lanes) == 0;

    /// <summary>The path in force, or a narrower one that these widths fit.</summary>
    public SimdPath BestPath()
    {
        SimdPath path = Simd.Path;
        if (path == SimdPath.Avx512 && !Fits(Lanes512.Count))
            path = SimdPath.Avx2;
        return path == SimdPath.Avx2 && !Fits(Lanes256.Count) ? SimdPath.Portable : path;
    }

    public void Dispose() => _block.Dispose();
}
