using RecallCluster.Http.Fuzzing;

namespace RecallCluster.Http.Tests;

public class FuzzTests
{
    [Fact]
    public void Nothing_that_reads_what_strangers_send_crashes()
    {
        FuzzReport report = new FuzzRunner(seed: 1).Run(12_000);

        Assert.Empty(report.Failures);
        Assert.Equal(FuzzRunner.TargetNames, report.Targets.Select(t => t.Target));
        Assert.All(report.Targets, target => Assert.InRange(target.Accepted, target.Inputs / 50, target.Inputs - 1));
    }
}
