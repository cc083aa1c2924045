namespace RecallCluster.Simulation.Market;

/// <summary>
/// The campaigns that bid for one segment's users, as columns: factor d of all campaigns lies in one run, so that the affinities of one
/// user to eight campaigns are one vector. Columns are padded to whole vectors.
/// </summary>
internal sealed class MarketSegment
{
    public const int Dimensions = 8;
    public const int Lanes = 8;

    public MarketSegment(int[] campaigns)
    {
        Campaigns = campaigns;
        Padded = (campaigns.Length + Lanes - 1) / Lanes * Lanes;
        ClickFactors = new float[Dimensions * Padded];
        ConversionFactors = new float[Dimensions * Padded];
        ClickLogits = new float[Padded];
        ConversionLogits = new float[Padded];
        LogBiases = new float[Padded];
    }

    /// <summary>Campaigns by position.</summary>
    public int[] Campaigns { get; }

    public int Padded { get; }

    public float[] ClickFactors { get; }

    public float[] ConversionFactors { get; }

    public float[] ClickLogits { get; }

    public float[] ConversionLogits { get; }

    public float[] LogBiases { get; }
}
