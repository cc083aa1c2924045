namespace RecallCluster.Simulation.Market;

/// <summary>Some thousand auctions in order of time, as columns; memory that is used again and again.</summary>
internal sealed class AuctionBlock(int widestSegment, int slots)
{
    /// <summary>Auctions of a full block: its columns fit into the second-level cache.</summary>
    public const int Capacity = 4096;

    public int Count { get; set; }

    /// <summary>What the day and the hour add to every click's true logit.</summary>
    public float ClickShift { get; set; }

    public double[] Seconds { get; } = new double[Capacity];

    public int[] Users { get; } = new int[Capacity];

    /// <summary>eCPM of the rivals, micro-units; those of an auction follow each other, as many as there are slots.</summary>
    public long[] Rivals { get; } = new long[Capacity * slots];

    /// <summary>Uniform draws that decide on the click in each slot, likewise.</summary>
    public double[] ClickDraws { get; } = new double[Capacity * slots];

    /// <summary>Uniform draws that decide on the conversion of a click in each slot, likewise.</summary>
    public double[] ConversionDraws { get; } = new double[Capacity * slots];

    /// <summary>Predicted pCTR of each auction's candidates, <see cref="Stride"/> apart.</summary>
    public float[] Clicks { get; } = new float[Capacity * widestSegment];

    /// <summary>Predicted pCVR after a click, likewise.</summary>
    public float[] Conversions { get; } = new float[Capacity * widestSegment];

    public int Stride => widestSegment;

    public int Slots => slots;
}
