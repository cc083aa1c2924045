namespace RecallCluster.Serving;

/// <summary>A shard whose searches need no other process: they can run on the thread that asks.</summary>
internal interface IInProcessShard : IShard
{
    /// <summary>As <see cref="IShard.SearchAsync"/>, on this thread.</summary>
    /// <exception cref="InvalidOperationException">As there.</exception>
    ShardAnswer Search(ShardQuery query);
}
