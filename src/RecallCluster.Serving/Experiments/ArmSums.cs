using System.Text.Json.Serialization;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving.Experiments;

/// <summary>What was counted of one arm, by block of users.</summary>
/// <param name="Requests">Requests that were answered.</param>
/// <param name="Answered">Those of them that were answered with ads.</param>
/// <param name="Ads">Ads that they were answered with.</param>
/// <param name="Impressions">Ads shown.</param>
/// <param name="Clicks">Clicks.</param>
/// <param name="Conversions">Conversions.</param>
/// <param name="Spend">What the events cost, in micro-units of the currency.</param>
internal sealed record ArmSums(
    long[] Requests, long[] Answered, long[] Ads, long[] Impressions, long[] Clicks, long[] Conversions, long[] Spend)
{
    /// <summary>Nothing yet.</summary>
    public ArmSums()
        : this(Blocks(), Blocks(), Blocks(), Blocks(), Blocks(), Blocks(), Blocks())
    {
    }

    /// <summary>Whether there is a number for every block.</summary>
    [JsonIgnore]
    public bool IsWhole => Array.TrueForAll(
        [Requests, Answered, Ads, Impressions, Clicks, Conversions, Spend], sums => sums.Length == UserSplit.Blocks);

    /// <summary>A gateway has answered.</summary>
    public void Add(ArmExposures exposures)
    {
        Add(Requests, exposures.Requests);
        Add(Answered, exposures.Answered);
        Add(Ads, exposures.Ads);
    }

    /// <summary>Something happened to an ad that was won under the arm.</summary>
    public void Add(AdEvent happened, int block)
    {
        switch (happened.Kind)
        {
            case AdEventKind.Impression:
                Impressions[block]++;
                break;
            case AdEventKind.Click:
                Clicks[block]++;
                break;
            case AdEventKind.Conversion:
                Conversions[block]++;
                break;
        }
        Spend[block] += Charging.PriceOf(happened).Value;
    }

    /// <summary>A copy that shares nothing.</summary>
    public ArmSums Copy() => new(
        [.. Requests], [.. Answered], [.. Ads], [.. Impressions], [.. Clicks], [.. Conversions], [.. Spend]);

    private static long[] Blocks() => new long[UserSplit.Blocks];

    private static void Add(long[] sums, long[] counts)
    {
        for (int block = 0; block < sums.Length; block++)
            sums[block] += counts[block];
    }
}
