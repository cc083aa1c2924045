namespace RecallCluster.Numerics.Tests;

public sealed class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Runs_every_part_exactly_once(int size)
    {
        using var team = new WorkerTeam(size);
        Assert.Equal(size, team.Size);
        for (int round = 0; round < 200; round++)
        {
            int[] runs = new int[round % 17];
            team.Run(runs.Length, new CountingJob(runs));
            Assert.All(runs, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Workers_take_part()
    {
        // Part 0 and part 1 each wait for the other to have begun, so two threads must be at work.
        using var team = new WorkerTeam(2);
        using var meeting = new Barrier(2);
        team.Run(2, _ => Assert.True(meeting.SignalAndWait(TimeSpan.FromSeconds(60)), "the other part never began"));
    }

    [Fact]
    public void Wakes_workers_that_have_gone_to_sleep()
    {
        using var team = new WorkerTeam(2, TimeSpan.Zero);
        using var meeting = new Barrier(2);
        for (int round = 0; round < 50; round++)
            team.Run(2, _ => Assert.True(meeting.SignalAndWait(TimeSpan.FromSeconds(60)), "the worker was not woken"));
    }

    [Fact]
    public void Serves_several_callers_at_once()
    {
        using var team = new WorkerTeam(3);
        var callers = new Thread[4];
        int[][] runs = new int[callers.Length][];
        for (int i = 0; i < callers.Length; i++)
        {
            int[] mine = runs[i] = new int[64];
            callers[i] = new Thread(() =>
            {
                for (int round = 0; round < 300; round++)
                    team.Run(mine.Length, new CountingJob(mine));
            });
            callers[i].Start();
        }
        foreach (Thread caller in callers)
            caller.Join();
        Assert.All(runs, mine => Assert.All(mine, count => Assert.Equal(300, count)));
    }

    [Fact]
    public void A_section_inside_a_section_runs_inline()
    {
        using var team = new WorkerTeam(2);
        int[] runs = new int[40];
        team.Run(4, outer => team.Run(10, inner => Interlocked.Increment(ref runs[(outer * 10) + inner])));
        Assert.All(runs, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_exception_reaches_the_caller_and_leaves_the_team_usable(int size)
    {
        using var team = new WorkerTeam(size);
        for (int round = 0; round < 20; round++)
        {
            var thrown = Assert.Throws<InvalidDataException>(() => team.Run(8, part =>
            {
                if (part == 3)
                    throw new InvalidDataException("part 3 is broken");
            }));
            Assert.Equal("part 3 is broken", thrown.Message);
            int[] runs = new int[8];
            team.Run(runs.Length, new CountingJob(runs));
            Assert.All(runs, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Allocates_nothing_per_section()
    {
        using var team = new WorkerTeam(2);
        int[] runs = new int[4];
        team.Run(4, new CountingJob(runs));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
            team.Run(4, new CountingJob(runs));
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Refuses_work_after_disposal()
    {
        var team = new WorkerTeam(2);
        team.Dispose();
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(1, _ => { }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerTeam(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerTeam(2, TimeSpan.FromTicks(-1)));
    }

    [Theory]
    [InlineData(0, 3, 1)]
    [InlineData(10, 3, 1)]
    [InlineData(100, 7, 16)]
    [InlineData(5, 4, 16)]
    [InlineData(int.MaxValue, 5, 32)]
    public void Slices_cover_the_range_once(int length, int parts, int granularity)
    {
        int next = 0;
        for (int part = 0; part < parts; part++)
        {
            (int start, int end) = WorkerTeam.Slice(length, part, parts, granularity);
            Assert.Equal(next, start);
            Assert.True(end >= start);
            Assert.True(end == length || end % granularity == 0);
            next = end;
        }
        Assert.Equal(length, next);
    }

    private readonly struct CountingJob(int[] runs) : IParallelJob
    {
        public void Run(int part) => Interlocked.Increment(ref runs[part]);
    }
}
