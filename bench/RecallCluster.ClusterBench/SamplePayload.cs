using System.Globalization;
using RecallCluster.Serving;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.ClusterBench;

/// <summary>A shard's query and answer of the size that the served market's have.</summary>
internal static class SamplePayload
{
    /// <summary>Version that both ends name.</summary>
    public const string Version = "0123456789abcdef.1";

    private const int Campaigns = 512, Facets = 512, Candidates = 100, Behaviours = 20;

    /// <summary>What a shard answers: a hundred candidates.</summary>
    public static ShardAnswer Answer { get; } = new(
        [
            .. Enumerable.Range(0, Candidates).Select(i => new ScoredAd(AdOf(i * 997 % 50_000), 4 - (0.03f * i))
            {
                Value = 0.01f / (i + 1), Campaign = i * 37 % Campaigns,
            }),
        ],
        1_000, default);

    /// <summary>What a gateway asks.</summary>
    /// <param name="stateFloats">Length of a prepared user state.</param>
    public static ShardQuery QueryOf(int stateFloats) => new(
        Version, Enumerable.Range(0, stateFloats).Select(i => MathF.Sin(i)).ToArray(), Candidates)
    {
        TimeLeft = TimeSpan.FromMilliseconds(500),
        Seeds = [.. Enumerable.Range(0, Behaviours).Select(i => AdOf(i * 1009 % 50_000))],
        Value = new ValueQuery(Ones(Campaigns), Ones(Facets)) { Scale = new(1, 0), MostPerCampaign = 2 },
    };

    private static string AdOf(int number) => string.Create(CultureInfo.InvariantCulture, $"ad{number}");

    private static ulong[] Ones(int bits) => [.. Enumerable.Repeat(ulong.MaxValue, bits / 64)];
}
