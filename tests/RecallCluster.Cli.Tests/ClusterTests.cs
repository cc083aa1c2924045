using System.Diagnostics;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Tests;

[Collection(ProcessSuite.Name)]
public class ClusterTests
{
    [Fact]
    public void Where_the_silo_was_left_out_the_missing_packages_are_named()
    {
        using var scratch = new Scratch();
        DirectoryInfo own = Directory.CreateDirectory(scratch[Path.Combine("artifacts", "bin", "RecallCluster.Cli", "release")]);
        scratch.Write(Path.Combine("artifacts", "missing-packages.txt"), """
            MessagePack 3.1.7
            Microsoft.Orleans.Server

            """);

        ExitException left = Assert.Throws<ExitException>(() => SiloProgram.Find(own));

        Assert.Equal(ExitCodes.LeftOut, left.Code);
        Assert.EndsWith("no package source has MessagePack 3.1.7, Microsoft.Orleans.Server.", left.Message);
    }

    [Fact]
    public void Where_nothing_was_built_that_is_said()
    {
        using var scratch = new Scratch();
        DirectoryInfo own = Directory.CreateDirectory(scratch[Path.Combine("artifacts", "bin", "RecallCluster.Cli", "release")]);

        ExitException missing = Assert.Throws<ExitException>(() => SiloProgram.Find(own));

        Assert.Equal(ExitCodes.LeftOut, missing.Code);
        Assert.Contains("RecallCluster.Silo.dll", missing.Message);
    }

    [Theory]
    [InlineData("--roles", "gateway,worker")]
    [InlineData("--roles", ";")]
    [InlineData("--silos", "0")]
    [InlineData("--set", "noticeSeconds")]
    [InlineData("--doors", "1", "--roles", "retrieval,control")]
    [InlineData("--doors", "1", "--roles", "control;gateway", "--silos", "1")]
    public async Task What_makes_no_sense_is_refused_before_anything_starts(string option, params string[] further)
    {
        Recall run = await Recall.RunAsync(["cluster", "up", option, .. further]);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(option, run.Error);
    }

    [Fact]
    public void The_last_roles_are_those_of_all_that_follow_and_no_port_is_taken_twice()
    {
        SiloPlan[] plans = SiloPlan.Of(4, [["gateway"], ["retrieval", "control"]], FreePorts.Take(1)[0]);

        Assert.Equal(["gateway"], plans[0].Roles);
        Assert.NotNull(plans[0].Door);
        Assert.All(plans[1..], plan => Assert.Equal(["retrieval", "control"], plan.Roles));
        Assert.All(plans[1..], plan => Assert.Null(plan.Door));
        int[] ports = [.. plans.SelectMany(plan => (int[])[plan.SiloPort, plan.GatewayPort, plan.HealthPort]), plans[0].DoorPort!.Value];
        Assert.Equal(ports.Length, ports.Distinct().Count());
    }

    [Fact]
    public void Doors_take_the_ports_after_the_first_one_but_none_of_a_silos()
    {
        int door = FreePorts.Take(1)[0];

        SiloPlan[] plans = SiloPlan.Of(40, [["gateway"]], door);

        int[] doors = [.. plans.Select(plan => plan.DoorPort!.Value)];
        Assert.True(doors[0] >= door);
        Assert.Equal(doors.Order(), doors);
        int[] all = [.. plans.SelectMany(plan => (int[])[plan.SiloPort, plan.GatewayPort, plan.HealthPort]), .. doors];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(all, port => Assert.InRange(port, 20_000, 31_000));
    }

    [Fact]
    public void Where_doors_have_processes_of_their_own_silos_leave_the_ports_to_them()
    {
        int first = FreePorts.Take(1)[0];

        SiloPlan[] plans = SiloPlan.Of(2, [["gateway", "retrieval"]], first, doors: 3);

        Assert.Equal(["silo-1", "silo-2", "door-1", "door-2", "door-3"], plans.Select(plan => plan.Name));
        Assert.Equal([false, false, true, true, true], plans.Select(plan => plan.IsDoor));
        Assert.All(plans[..2], plan => Assert.Contains("--http:door=http://127.0.0.1:0", plan.Arguments("redis", [])));
        int[] doors = [.. plans[2..].Select(plan => plan.DoorPort!.Value)];
        Assert.Equal(doors.Order(), doors);
        Assert.True(doors[0] >= first);
        Assert.All(plans[2..], door => Assert.DoesNotContain("--silo:port=0", door.Arguments("redis", [])));
        int[] all =
        [
            .. doors, .. plans.Select(plan => plan.HealthPort), .. plans[..2].SelectMany(silo => (int[])[silo.SiloPort, silo.GatewayPort]),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [ClusterFact]
    public async Task A_silo_that_is_killed_is_started_again_and_nothing_is_left_in_the_end()
    {
        using var scratch = new Scratch();
        var lines = new List<string>();
        int redis, first;
        LocalCluster cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions { Silos = 2, Roles = [["retrieval", "control"]], Folder = scratch["state"] }, Keep, default);
        await using (cluster)
        {
            await cluster.UntilReadyAsync(TimeSpan.FromMinutes(3), default);
            (redis, first) = (cluster.RedisProcessId, cluster.Silos[0].ProcessId);
            await cluster.Silos[1].KillAsync();
            await UntilAsync(() => cluster.Silos[1] is { Restarts: 1, ProcessId: > 0 });
            await cluster.UntilReadyAsync(TimeSpan.FromMinutes(3), default);
        }

        Assert.False(IsAlive(redis));
        Assert.False(IsAlive(first));
        lock (lines)
        {
            Assert.Contains(lines, line => line.StartsWith("silo-1 | silo-1 is a member of recall", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.StartsWith("silo-2 | ended with code 137", StringComparison.Ordinal));
        }
        Assert.True(Directory.Exists(Path.Combine(scratch["state"], "redis", "appendonlydir")));

        void Keep(string line)
        {
            lock (lines)
                lines.Add(line);
        }
    }

    [ClusterFact]
    public async Task What_is_killed_takes_its_silos_and_its_Redis_along()
    {
        using RecallProcess up = RecallProcess.Start("cluster", "up", "--silos", "1", "--roles", "retrieval,control", "--json");
        JsonElement told = await up.ReadDocumentAsync();
        int redis = told.GetProperty("redisProcessId").GetInt32(), silo = told.GetProperty("silos")[0].GetProperty("processId").GetInt32();
        Assert.True(IsAlive(redis) && IsAlive(silo));

        await up.KillAsync();

        await UntilAsync(() => !IsAlive(redis) && !IsAlive(silo));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!condition())
            await Task.Delay(50, patience.Token);
    }

    private static bool IsAlive(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
