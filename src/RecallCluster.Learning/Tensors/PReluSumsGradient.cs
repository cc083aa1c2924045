namespace RecallCluster.Learning.Tensors;

/// <summary>Operands of <see cref="PReluSums.Backward"/>, and where the gradients go.</summary>
internal unsafe struct PReluSumsGradient
{
    /// <summary>Number of rows.</summary>
    public int Rows;

    /// <summary>Values in a row, and the distance between rows.</summary>
    public int Width;

    /// <summary>Gradient of y: [rows, width].</summary>
    public float* Gradient;

    /// <summary>What the forward pass summed: [rows, width].</summary>
    public float* Sum;

    /// <summary>[width].</summary>
    public float* Slope;

    /// <summary>[rows], or null for 1.</summary>
    public float* Factor;

    /// <summary>[rows, width]; read for the gradient of the factor only.</summary>
    public float* X;

    /// <summary>Written: [rows, width]; may be <see cref="Gradient"/>.</summary>
    public float* XGradient;

    /// <summary>Written: [rows]; or null where it is not wanted.</summary>
    public float* FactorGradient;

    /// <summary>Added to: gradient of the row added to all rows, [width].</summary>
    public float* First;

    /// <summary>Added to: gradient of the rows added to each row, [rows, width]; or null where it is not wanted.</summary>
    public float* Second;

    /// <summary>Added to: [width].</summary>
    public float* SlopeGradient;

    /// <summary>The same block without its first <paramref name="column"/> columns.</summary>
    public readonly PReluSumsGradient From(int column)
    {
        PReluSumsGradient shifted = this;
        shifted.Gradient += column;
        shifted.Sum += column;
        shifted.Slope += column;
        shifted.X += column;
        shifted.XGradient += column;
        shifted.First += column;
        shifted.SlopeGradient += column;
        if (Second != null)
            shifted.Second += column;
        return shifted;
    }
}
