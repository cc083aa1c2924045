using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Serving.Campaigns;

/// <summary>Sampled auctions that each stand for the same number. Kept as (pCTR, cost) in 32 bits each, whatever the product.</summary>
/// <param name="Weight">How many auctions each stands for.</param>
/// <param name="ConversionProbability">The pCVR that was bid with.</param>
/// <param name="Pairs">pCTR and cost by auction, little-endian singles.</param>
internal sealed record SampleChunk(double Weight, double ConversionProbability, byte[] Pairs)
{
    /// <summary>Number of auctions.</summary>
    [JsonIgnore]
    public int Count => Pairs.Length / (2 * sizeof(float));

    private ReadOnlySpan<float> Values => MemoryMarshal.Cast<byte, float>(Pairs);

    /// <summary>A chunk of a report's sample.</summary>
    public static SampleChunk Of(BidReport report)
    {
        var pairs = new float[2 * report.Sample.Count];
        for (int i = 0; i < report.Sample.Count; i++)
            (pairs[2 * i], pairs[(2 * i) + 1]) = (report.Sample[i].ClickProbability, report.Sample[i].Cost);
        return new SampleChunk(report.SampleWeight, report.ConversionProbability, MemoryMarshal.AsBytes(pairs.AsSpan()).ToArray());
    }

    /// <summary>Every so-many-th auction, each standing for so many more.</summary>
    public SampleChunk Thin(int factor)
    {
        if (factor <= 1)
            return this;
        ReadOnlySpan<float> values = Values;
        var pairs = new List<float>();
        for (int i = 0; i < Count; i += factor)
        {
            pairs.Add(values[2 * i]);
            pairs.Add(values[(2 * i) + 1]);
        }

        // The weights still add up to the auctions that the chunk stands for.
        double weight = Weight * Count / (pairs.Count / 2);
        return new SampleChunk(weight, ConversionProbability, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(pairs)).ToArray());
    }

    /// <summary>The chunk as columns of a product.</summary>
    public AuctionLog Log(BidProduct product) => Columns(product, Values, ConversionProbability);

    /// <summary>
    /// The auctions of many chunks as one log of equal weight: where a chunk's auctions stand for less than the heaviest chunk's, only some
    /// are taken, at
    /// even distances.
    /// </summary>
    /// <param name="product">Whose columns.</param>
    /// <param name="chunks">The chunks, in order.</param>
    /// <param name="weight">How many auctions each of the log stands for.</param>
    public static AuctionLog Join(BidProduct product, IReadOnlyList<SampleChunk> chunks, out double weight)
    {
        List<double> click = [], cost = [], conversion = [];
        weight = Even(chunks, 0.5, (chunk, i) =>
        {
            click.Add(chunk.Values[2 * i]);
            cost.Add(chunk.Values[(2 * i) + 1]);
            conversion.Add(chunk.ConversionProbability);
        });
        return product.Columns(cost.ToArray(), click.ToArray(), product.NeedsConversions ? conversion.ToArray() : default);
    }

    /// <summary>The auctions of many chunks as <see cref="Join"/> makes them; null where there are none.</summary>
    public static AuctionLog? JoinAny(BidProduct product, IReadOnlyList<SampleChunk> chunks) =>
        chunks.Count > 0 && Join(product, chunks, out _) is { Count: > 0 } log ? log : null;

    /// <summary>Many chunks as one of equal weight, with the conversion probability of the last.</summary>
    /// <param name="chunks">The chunks, in order; at least one.</param>
    /// <param name="phase">In [0, 1): where between two auctions that are taken the first falls.</param>
    public static SampleChunk Merge(IReadOnlyList<SampleChunk> chunks, double phase)
    {
        var pairs = new List<float>();
        double weight = Even(chunks, phase, (chunk, i) =>
        {
            pairs.Add(chunk.Values[2 * i]);
            pairs.Add(chunk.Values[(2 * i) + 1]);
        });
        return new SampleChunk(weight, chunks[^1].ConversionProbability, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(pairs)).ToArray());
    }

    /// <summary>Takes auctions at even distances of weight, that of the heaviest.</summary>
    /// <returns>How many auctions each that was taken stands for.</returns>
    private static double Even(IReadOnlyList<SampleChunk> chunks, double phase, Action<SampleChunk, int> take)
    {
        double heaviest = 0, total = 0, owed = phase;
        foreach (SampleChunk chunk in chunks)
        {
            if (chunk.Count > 0)
                (heaviest, total) = (Math.Max(heaviest, chunk.Weight), total + (chunk.Weight * chunk.Count));
        }
        int taken = 0;
        foreach (SampleChunk chunk in chunks)
        {
            for (int i = 0; i < chunk.Count; i++)
            {
                owed += chunk.Weight / heaviest;
                if (owed < 1)
                    continue;
                owed -= 1;
                taken++;
                take(chunk, i);
            }
        }
        return taken == 0 ? 1 : total / taken;
    }

    private static AuctionLog Columns(BidProduct product, ReadOnlySpan<float> values, double conversionProbability)
    {
        int count = values.Length / 2;
        double[] click = new double[count], cost = new double[count];
        for (int i = 0; i < count; i++)
            (click[i], cost[i]) = (values[2 * i], values[(2 * i) + 1]);
        var conversion = new double[product.NeedsConversions ? count : 0];
        Array.Fill(conversion, conversionProbability);
        return product.Columns(cost, click, conversion);
    }
}
