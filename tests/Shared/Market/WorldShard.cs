namespace RecallCluster.Serving.Tests.Market;

/// <summary>A shard that scores every ad of a world, and fails or keeps silent when told so.</summary>
internal sealed class WorldShard(LoopWorld world)
{
    public bool Fails { get; set; }

    public bool IsSilent { get; set; }

    public AdRetriever Retriever()
    {
        var retriever = new AdRetriever(TimeProvider.System);
        retriever.Publish(new RetrieverVersion("v1", new StatePreparer(), [new ShardSlot(new FakeShard(SearchAsync), world.Ads.Count)]));
        return retriever;
    }

    private async Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        if (Fails)
            throw new IOException("the shard is gone");
        if (IsSilent)
            await FakeShard.Late().SearchAsync(query, cancellation);
        float user = query.UserState.Span[0];
        ScoredAd[] ads = [.. world.Ads.Where(ad => !query.Exclude.Contains(ad.Id)).Select(ad => new ScoredAd(ad.Id, LoopWorld.Score(ad.Id,
            user)))];
        return new ShardAnswer([.. ads.OrderByDescending(ad => ad.Score).Take(query.K)], ads.Length, SearchLimits.None);
    }

    private sealed class StatePreparer : IUserStatePreparer
    {
        public PreparedUser Prepare(UserFeatures user)
        {
            string[] behaviour = [.. user.Sequence ?? [], .. user.Recent];
            return new PreparedUser(new float[] { LoopWorld.StateOf(user.Id, behaviour) }, behaviour, new UserReading(user.Id is not null,
                behaviour.Length, 0, 0));
        }
    }
}
