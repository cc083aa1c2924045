using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RecallCluster.Serving;
using RecallCluster.Serving.ValueRanking;
using RecallCluster.Wire.Shards;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// Queries and answers of shards as contracts. Numbers travel as little-endian bytes, as this program's machines hold them.
/// </summary>
internal static class ShardWire
{
    public static ShardQueryMessage ToWire(ShardQuery query, string version) => new()
    {
        Version = version,
        // One of its own for each request, and never changed.
        UserState = CastMemory.Of<float, byte>(query.UserState),
        K = query.K,
        MaxScorings = query.MaxScorings,
        TimeLeft = query.TimeLeft?.Ticks,
        Seeds = query.Seeds.Count == 0 ? null : [.. query.Seeds],
        Exclude = query.Exclude.Count == 0 ? null : [.. query.Exclude],
        Value = query.Value is not { } value ? null : new ValueQueryMessage
        {
            Campaigns = BytesOf(value.Campaigns.Span),
            Facets = BytesOf(value.Facets.Span),
            ScaleSlope = value.Scale.Slope,
            ScaleShift = value.Scale.Shift,
            MostPerCampaign = value.MostPerCampaign == int.MaxValue ? 0 : value.MostPerCampaign,
            ByClick = value.ByClick,
        },
    };

    /// <exception cref="InvalidDataException">A number makes no sense.</exception>
    public static ShardQuery ToQuery(ShardQueryMessage message)
    {
        if (message.K < 1 || message.MaxScorings < 1)
            throw new InvalidDataException($"Shard query: K {message.K} and at most {message.MaxScorings} scorings; both are at least 1.");
        return new ShardQuery(message.Version, WholeOf<float>(message.UserState, "user state"), message.K)
        {
            MaxScorings = message.MaxScorings,
            TimeLeft = message.TimeLeft is { } left ? new TimeSpan(left) : null,
            Seeds = message.Seeds ?? [],
            Exclude = message.Exclude ?? [],
            Value = message.Value is { } value ? ToQuery(value) : null,
        };
    }

    public static ShardAnswerMessage ToWire(ShardAnswer answer)
    {
        int count = answer.Ads.Count;
        var (ids, scores, values, campaigns) = (new string[count], new float[count], new float[count], new int[count]);
        for (int i = 0; i < count; i++)
        {
            ScoredAd ad = answer.Ads[i];
            (ids[i], scores[i], values[i], campaigns[i]) = (ad.Id, ad.Score, ad.Value, ad.Campaign);
        }
        return new ShardAnswerMessage
        {
            Ids = ids,
            Scores = BytesOf<float>(scores),
            Values = BytesOf<float>(values),
            Campaigns = BytesOf<int>(campaigns),
            Scorings = answer.Scorings,
            Limits = (int)answer.Limits,
        };
    }

    /// <exception cref="InvalidDataException">The columns are not equally long.</exception>
    public static ShardAnswer ToAnswer(ShardAnswerMessage message)
    {
        float[] scores = ValuesOf<float>(message.Scores, "scores"), values = ValuesOf<float>(message.Values, "values");
        int[] campaigns = ValuesOf<int>(message.Campaigns, "campaigns");
        if (scores.Length != message.Ids.Length || values.Length != message.Ids.Length || campaigns.Length != message.Ids.Length)
        {
            throw new InvalidDataException(
                $"Shard answer: {message.Ids.Length} ads, {scores.Length} scores, {values.Length} values, {campaigns.Length} campaigns.");
        }
        var ads = new ScoredAd[scores.Length];
        for (int i = 0; i < ads.Length; i++)
            ads[i] = new ScoredAd(message.Ids[i], scores[i]) { Value = values[i], Campaign = campaigns[i] };
        return new ShardAnswer(ads, message.Scorings, (SearchLimits)message.Limits);
    }

    private static ValueQuery ToQuery(ValueQueryMessage value)
    {
        var scale = new ClickScale(value.ScaleSlope, value.ScaleShift);
        if (!scale.IsValid || value.MostPerCampaign < 0)
        {
            throw new InvalidDataException(
                $"Shard query: a scale of slope {scale.Slope} and shift {scale.Shift}, at most {value.MostPerCampaign} ads a campaign.");
        }
        return new ValueQuery(WholeOf<ulong>(value.Campaigns, "campaigns"), WholeOf<ulong>(value.Facets, "facets"))
        {
            Scale = scale,
            MostPerCampaign = value.MostPerCampaign == 0 ? int.MaxValue : value.MostPerCampaign,
            ByClick = value.ByClick,
        };
    }

    private static byte[] BytesOf<T>(ReadOnlySpan<T> values)
        where T : unmanaged => MemoryMarshal.AsBytes(values).ToArray();

    private static T[] ValuesOf<T>(ReadOnlyMemory<byte> bytes, string what)
        where T : unmanaged => WholeOf<T>(bytes, what).ToArray();

    private static ReadOnlyMemory<T> WholeOf<T>(ReadOnlyMemory<byte> bytes, string what)
        where T : unmanaged => bytes.Length % Unsafe.SizeOf<T>() == 0
            ? CastMemory.Of<byte, T>(bytes)
            : throw new InvalidDataException($"Shard message: {bytes.Length} bytes of {what} are no whole number of values.");
}
