using RecallCluster.Serving.Replicas;

namespace RecallCluster.Serving.Tests;

public sealed class ReplicaHealthTests
{
    private static readonly ReplicationOptions Options = new();

    private readonly ManualTime _time = new();

    [Fact]
    public void Failures_of_one_moment_after_a_quiet_time_are_suspicious_and_no_more()
    {
        var health = new ReplicaHealth(Options, _time);
        health.Answered();
        _time.Advance(TimeSpan.FromHours(1));

        FailTogether(health);
        Assert.Equal(ReplicaState.Suspect, health.State);
        // That nobody asks it for a while makes it no worse.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(ReplicaState.Suspect, health.State);
    }

    [Fact]
    public void Nothing_but_failures_for_the_whole_time_mean_that_it_is_gone()
    {
        var health = new ReplicaHealth(Options, _time);
        FailTogether(health);
        _time.Advance(Options.Silence - TimeSpan.FromMilliseconds(1));
        health.Failed();
        Assert.Equal(ReplicaState.Suspect, health.State);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        health.Failed();
        Assert.Equal(ReplicaState.Down, health.State);

        health.Answered();
        Assert.Equal(ReplicaState.Healthy, health.State);
    }

    [Fact]
    public void An_answer_begins_the_time_anew()
    {
        var health = new ReplicaHealth(Options, _time);
        FailTogether(health);
        _time.Advance(Options.Silence);
        health.Answered();
        FailTogether(health);
        _time.Advance(Options.Silence / 2);
        health.Failed();

        Assert.Equal(ReplicaState.Suspect, health.State);
    }

    private static void FailTogether(ReplicaHealth health)
    {
        for (int i = 0; i < 5; i++)
            health.Failed();
    }
}
