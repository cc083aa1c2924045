namespace RecallCluster.Silo.Tests.Support;

/// <summary>A test against a real redis-server; skipped, saying so, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RedisFactAttribute : FactAttribute
{
    public RedisFactAttribute()
    {
        if (RedisServer.Program is null)
            Skip = "There is no redis-server in the PATH (Debian: apt-get install redis-server).";
    }
}
