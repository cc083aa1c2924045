using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Shards;

namespace RecallCluster.Grains.Tests.Shards;

public sealed class ShardPlannerTests
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public void Replicas_of_a_shard_go_to_different_silos_and_shards_spread()
    {
        SiloCandidate[] silos = Silos(100, 100, 100);
        Dictionary<string, string> plan = [];
        for (int shard = 0; shard < 3; shard++)
        {
            for (int replica = 0; replica < 2; replica++)
                plan[ShardPlanner.PlaceOf(shard, replica)] = ShardPlanner.Choose(shard, replica, silos, plan, 10);
        }

        Assert.All(Enumerable.Range(0, 3), shard => Assert.NotEqual(plan[$"{shard}/0"], plan[$"{shard}/1"]));
        Assert.All(silos, silo => Assert.Equal(2, plan.Values.Count(name => name == silo.Silo)));
    }

    [Fact]
    public void A_silo_without_room_for_a_shard_is_passed_over()
    {
        Dictionary<string, string> plan = new() { ["0/0"] = "a" };

        // "b" is empty but too small; "a" has room for one shard more.
        Assert.Equal("a", ShardPlanner.Choose(1, 0, Silos(20, 9), plan, 10));
    }

    [Fact]
    public void Where_it_fits_nowhere_that_is_said_with_the_reason()
    {
        Dictionary<string, string> plan = new() { ["0/0"] = "a", ["0/1"] = "b", ["1/0"] = "c" };

        InvalidOperationException full = Assert.Throws<InvalidOperationException>(
            () => ShardPlanner.Choose(1, 1, Silos(15, 15, 15), plan, 10));

        Assert.Equal(
            "Replica 1/1 fits nowhere: of 3 silos 1 hold another replica of the shard, and the others have no room for 10 bytes more.",
            full.Message);
    }

    [Fact]
    public void A_silo_with_a_device_is_filled_before_the_others()
    {
        SiloCandidate[] silos = [.. Silos(100, 100, 20).Select(silo => silo with { HasDevice = silo.Silo == "c" })];
        Dictionary<string, string> plan = [];
        foreach ((int shard, int replica) in new[] { (0, 0), (0, 1), (1, 0), (1, 1), (2, 0) })
            plan[ShardPlanner.PlaceOf(shard, replica)] = ShardPlanner.Choose(shard, replica, silos, plan, 10);

        Assert.Equal(["c", "a", "c", "b", "a"], plan.Values);
        // One that comes later draws nothing away.
        Assert.Equal("a", ShardPlanner.Choose(2, 0, [.. silos, new SiloCandidate("d", 100, HasDevice: true)], plan, 10));
    }

    [Fact]
    public void Only_what_stood_on_a_silo_that_is_gone_moves()
    {
        Dictionary<string, string> plan = new() { ["0/0"] = "a", ["0/1"] = "b", ["1/0"] = "b", ["1/1"] = "c" };
        SiloCandidate[] left = [.. Silos(100, 100, 100).Where(silo => silo.Silo != "b")];

        Assert.Equal("a", ShardPlanner.Choose(0, 0, left, plan, 10));
        Assert.Equal("c", ShardPlanner.Choose(0, 1, left, plan, 10));
        Assert.Equal("a", ShardPlanner.Choose(1, 0, left, plan, 10));
        Assert.Equal("c", ShardPlanner.Choose(1, 1, left, plan, 10));
    }

    [Fact]
    public void A_first_silo_is_good_enough_for_a_first_replica() => Assert.Equal("a", ShardPlanner.Choose(0, 0, Silos(10), Nothing, 10));

    private static SiloCandidate[] Silos(params long[] bytes) =>
        [.. bytes.Select((room, i) => new SiloCandidate(((char)('a' + i)).ToString(), room))];
}
