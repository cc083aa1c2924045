using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests;

/// <summary>A test that starts silos and a Redis of its own; skipped, saying so, where one of them is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ClusterFactAttribute : RedisFactAttribute
{
    public ClusterFactAttribute()
    {
        try
        {
            SiloProgram.Find();
        }
        catch (ExitException e)
        {
            Skip = e.Message;
        }
    }
}
