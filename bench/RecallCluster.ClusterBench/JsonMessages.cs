using RecallCluster.Serving;

namespace RecallCluster.ClusterBench;

/// <summary>A shard's query as JSON would have it: numbers as numbers.</summary>
internal sealed record JsonQuery(
    string Version, float[] UserState, int K, int? MaxScorings, long? TimeLeft, string[] Seeds, string[] Exclude, ulong[] Campaigns,
    ulong[] Facets, double ScaleSlope, double ScaleShift, int MostPerCampaign)
{
    public static JsonQuery Of(ShardQuery query) => new(
        query.Version, query.UserState.ToArray(), query.K, query.MaxScorings, query.TimeLeft?.Ticks, [.. query.Seeds], [.. query.Exclude],
        query.Value!.Campaigns.ToArray(), query.Value.Facets.ToArray(), query.Value.Scale.Slope, query.Value.Scale.Shift,
        query.Value.MostPerCampaign);
}

/// <summary>A shard's answer, likewise.</summary>
internal sealed record JsonAnswer(string[] Ids, float[] Scores, float[] Values, int[] Campaigns, int Scorings, int Limits)
{
    public static JsonAnswer Of(ShardAnswer answer) => new(
        [.. answer.Ads.Select(ad => ad.Id)], [.. answer.Ads.Select(ad => ad.Score)], [.. answer.Ads.Select(ad => ad.Value)],
        [.. answer.Ads.Select(ad => ad.Campaign)], answer.Scorings, (int)answer.Limits);
}
