using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Http.Tests;

/// <summary>A shard of a hundred ads, of which it answers the first K.</summary>
internal sealed class HundredAds(string? failure = null, float best = 1) : IShard
{
    public ShardQuery? Asked { get; private set; }

    public Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        Asked = query;
        if (failure is not null)
            throw new IOException(failure);
        ScoredAd[] ads = [.. Enumerable.Range(0, 100)
            .Select(i => new ScoredAd($"ad{i}", i == 0 ? best : 1f / (i + 1)))
            .Where(a => !query.Exclude.Contains(a.Id))
            .Take(query.K)];
        return Task.FromResult(new ShardAnswer(ads, 100, query.MaxScorings < 100 ? SearchLimits.Scorings : SearchLimits.None));
    }

    public void Publish(BidBook book) => throw new NotSupportedException("It ranks by interest only.");

    public void Publish(ShardAdditions additions) => throw new NotSupportedException("Its ads are fixed.");

    public void Publish(ShardPlacements placements) => throw new NotSupportedException("It ranks by interest only.");
}

/// <summary>Knows one profile field, "gender", with codes 0 to 2.</summary>
internal sealed class GenderOnly : IUserStatePreparer
{
    public UserFeatures? Asked { get; private set; }

    public PreparedUser Prepare(UserFeatures user)
    {
        Asked = user;
        foreach ((string name, ProfileValue value) in user.Profile ?? new Dictionary<string, ProfileValue>())
        {
            if (name != "gender")
                throw new InvalidRequestException($"user.profile.{name}", "there is no such profile field.");
            if (value.Code is < 0 or > 2)
                throw new InvalidRequestException($"user.profile.{name}", "its codes are 0 to 2.");
        }
        int length = user.Sequence?.Count ?? 0;
        return new PreparedUser(new float[4], [], new UserReading(user.Id == "known", Math.Min(length, 3), 0, Math.Max(0, length - 3)));
    }
}
