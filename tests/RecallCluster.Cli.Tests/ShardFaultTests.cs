using RecallCluster.Cli.Workflows;
using RecallCluster.Http.Shards;
using RecallCluster.Serving;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Replicas;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests;

/// <summary>Shards of other processes that crash and freeze while requests run.</summary>
[Collection(ProcessSuite.Name)]
public class ShardFaultTests(TrainedWorld world) : IClassFixture<TrainedWorld>
{
    private const int Requests = 2_000;
    private const int Clients = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan HastyDeadline = TimeSpan.FromMilliseconds(500);

    // A machine that is busy with other tests may come late to what is due; a frozen process would be late by minutes.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    // A process that is gone refuses at once: only one that is frozen has to be told by its silence.
    private static readonly RemoteShardOptions Patient = new()
    {
        ConnectLimit = TimeSpan.FromMinutes(1), SilenceLimit = TimeSpan.FromMinutes(1),
    };

    private static readonly RemoteShardOptions Watchful = new()
    {
        ConnectLimit = TimeSpan.FromMinutes(1), SilenceLimit = TimeSpan.FromSeconds(6),
    };

    [LinuxProcessFact]
    public async Task A_replica_that_is_killed_under_load_is_replaced_by_the_other_and_taken_back_after_its_restart()
    {
        using ShardProcess one = await ShardProcess.StartAsync(world, 0), other = await ShardProcess.StartAsync(world, 0);
        using var gateway = new Gateway(world, $"{one.Url},{other.Url};local");
        var load = new Load(gateway);

        await load.RunAsync(async () =>
        {
            await load.AnsweredAsync(500);
            await one.KillAsync();
            await gateway.StateAsync(one.Url, "suspect", "down");
            await load.AnsweredAsync(1_200);
            await one.RestartAsync();
            await gateway.StateAsync(one.Url, "healthy");
        });

        load.AssertAnswered(wholeShare: 0.999);
    }

    [LinuxProcessFact]
    public async Task A_frozen_replica_is_suspected_and_the_other_answers_in_its_place_until_it_thaws()
    {
        using ShardProcess one = await ShardProcess.StartAsync(world, 0), other = await ShardProcess.StartAsync(world, 0);
        using var gateway = new Gateway(world, $"{one.Url},{other.Url};local", Watchful);
        var load = new Load(gateway);

        await load.RunAsync(async () =>
        {
            await load.AnsweredAsync(500);
            one.Freeze();
            await gateway.StateAsync(one.Url, "suspect", "down");
            await load.AnsweredAsync(1_200);
            one.Thaw();
            await gateway.StateAsync(one.Url, "healthy");
        });

        load.AssertAnswered(wholeShare: 0.999);
    }

    [LinuxProcessFact]
    public async Task Without_another_replica_answers_are_partial_and_say_so_until_the_process_is_back()
    {
        using ShardProcess only = await ShardProcess.StartAsync(world, 0);
        using var gateway = new Gateway(world, $"{only.Url};local");
        var load = new Load(gateway);

        await load.RunAsync(async () =>
        {
            await load.AnsweredAsync(300);
            await gateway.UntilAsync(answer => answer.Coverage == 1);
            await only.KillAsync();
            await gateway.StateAsync(only.Url, "down");
            await load.PartialAsync(300);
            await only.RestartAsync();
            await gateway.StateAsync(only.Url, "healthy");
        });

        load.AssertAnswered(wholeShare: 0);
        await gateway.UntilAsync(answer => answer.Coverage == 1);
        Assert.All(load.PartialCoverages, coverage => Assert.Equal(gateway.CoverageOfTheLocalShard, coverage, 1e-6));
    }

    [LinuxProcessFact]
    public async Task A_frozen_process_that_nobody_stands_in_for_costs_its_ads_and_no_more_than_the_deadline_until_it_thaws()
    {
        using ShardProcess only = await ShardProcess.StartAsync(world, 0);
        using var gateway = new Gateway(world, $"{only.Url};local", Watchful);
        var load = new Load(gateway);

        await load.RunAsync(async () =>
        {
            await load.AnsweredAsync(300);
            await gateway.UntilAsync(answer => answer.Coverage == 1);
            only.Freeze();
            // What is under way may still come through. Then a request that waits for it is answered with what there is when its time is
            // over, long before the connection fails.
            RetrievalAnswer first = await gateway.UntilAsync(gateway.IsOfTheLocalShard, HastyDeadline);
            Assert.InRange(first.Timings.Total, TimeSpan.Zero, HastyDeadline + Grace);
            await gateway.StateAsync(only.Url, "down");
            // From then on nobody waits for it.
            await load.PartialAsync(300);
            only.Thaw();
            await gateway.StateAsync(only.Url, "healthy");
        });

        load.AssertAnswered(wholeShare: 0);
        await gateway.UntilAsync(answer => answer.Coverage == 1);
        Assert.All(load.PartialCoverages, coverage => Assert.Equal(gateway.CoverageOfTheLocalShard, coverage, 1e-6));
        Assert.InRange(load.Longest, TimeSpan.Zero, Gateway.Deadline + Grace);
    }

    [LinuxProcessFact]
    public async Task A_process_that_wants_a_secret_answers_nobody_else()
    {
        string secret = world["shard.secret"], wrong = world["wrong.secret"];
        ShardSecret.Create(secret);
        ShardSecret.Create(wrong);
        using ShardProcess guarded = await ShardProcess.StartAsync(world, 0, "--secret", secret);

        foreach ((string? shown, double coverage) in new[] { (secret, 1.0), (wrong, 0), (null, 0) })
        {
            using var gateway = new Gateway(
                world, $"{guarded.Url};local", Patient with { Secret = shown is null ? null : ShardSecret.Load(shown) });
            RetrievalAnswer answer = await gateway.UntilAsync(
                any => any.Coverage == 1 || any.Failures.Any(failure => failure.Reason.Contains("401", StringComparison.Ordinal)));
            Assert.Equal(coverage == 1 ? 1 : gateway.CoverageOfTheLocalShard, answer.Coverage, 1e-6);
            Assert.All(answer.Failures, failure => Assert.Contains("401", failure.Reason));
        }
    }

    [LinuxProcessFact]
    public async Task A_port_that_others_can_reach_is_not_opened_without_a_secret()
    {
        Recall run = await Recall.RunAsync(
            "shard", "--model", world.Models, "--index", world.IndexDirectory, "--url", "http://0.0.0.0:0", "--json");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("--secret", run.Error);
    }

    [LinuxProcessFact]
    public async Task A_process_that_holds_another_shard_is_refused()
    {
        using ShardProcess wrong = await ShardProcess.StartAsync(world, 1);
        using var gateway = new Gateway(world, $"{wrong.Url};local");

        RetrievalAnswer answer = await gateway.AskAsync();

        Assert.Equal(gateway.CoverageOfTheLocalShard, answer.Coverage, 1e-6);
        Assert.Contains("does not hold version", Assert.Single(answer.Failures).Reason);
    }

    /// <summary>A gateway of this process over a map of shards.</summary>
    private sealed class Gateway : IShardSource, IDisposable
    {
        private readonly EmbeddedHost _host = new(threads: 1);
        private readonly ReplicaMap _map;
        private readonly List<(ShardIdentity Identity, ReplicatedShard Shard)> _shards = [];

        public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

        public Gateway(TrainedWorld world, string map, RemoteShardOptions? remote = null)
        {
            _map = ReplicaMap.Of(map, TimeProvider.System, remote ?? Patient);
            _host.Load(new EmbeddedHostOptions
            {
                ModelDirectory = ModelFolders.DeepIn(world.Models), IndexDirectory = world.IndexDirectory, Shards = this,
            });
        }

        public double CoverageOfTheLocalShard => (double)_shards[1].Identity.Ads / _shards.Sum(s => s.Identity.Ads);

        public Task<RetrievalAnswer> AskAsync(TimeSpan? deadline = null) =>
            _host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures(), 10) { Deadline = deadline ?? Deadline }, default);

        public bool IsOfTheLocalShard(RetrievalAnswer answer) => Math.Abs(answer.Coverage - CoverageOfTheLocalShard) < 1e-6;

        /// <summary>Asks until an answer is what is waited for.</summary>
        public async Task<RetrievalAnswer> UntilAsync(Func<RetrievalAnswer, bool> isWanted, TimeSpan? deadline = null)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (true)
            {
                RetrievalAnswer answer = await AskAsync(deadline);
                if (isWanted(answer))
                    return answer;
                patience.Token.ThrowIfCancellationRequested();
            }
        }

        /// <summary>Completes when the replica is in one of the states; the load must go on meanwhile, for it moves them.</summary>
        public async Task StateAsync(Uri replica, params string[] states)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (!_shards[0].Shard.Live.Any(r => r.Address == replica.ToString() && states.Contains(r.State)))
            {
                patience.Token.ThrowIfCancellationRequested();
                await AskAsync();
            }
        }

        public bool WantsLocal(int number) => _map.WantsLocal(number);

        public IShard Resolve(ShardIdentity identity, Shard? local)
        {
            var shard = (ReplicatedShard)_map.Resolve(identity, local);
            _shards.Add((identity, shard));
            return shard;
        }

        public void Dispose() => _host.Dispose();
    }

    /// <summary>Requests from several clients at once, until enough were answered and what is to happen meanwhile has happened.</summary>
    private sealed class Load(Gateway gateway)
    {
        private readonly System.Collections.Concurrent.ConcurrentBag<double> _coverages = [];
        private readonly System.Collections.Concurrent.ConcurrentBag<string> _failures = [];
        private int _answered;
        private int _partial;
        private long _longest;

        public TimeSpan Longest => new(Interlocked.Read(ref _longest));

        public int Answered => Volatile.Read(ref _answered);

        public IEnumerable<double> PartialCoverages => _coverages.Where(c => c < 1);

        public async Task RunAsync(Func<Task> meanwhile)
        {
            Task events = Task.Run(meanwhile);
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
            {
                while (!events.IsCompleted || Answered < Requests)
                    await AskAsync();
            })));
            await events;
        }

        /// <summary>Completes when as many requests were answered.</summary>
        public async Task AnsweredAsync(int count)
        {
            while (Answered < count)
                await AskAsync();
        }

        /// <summary>From now on all answers are partial: that many are, but for those that are under way.</summary>
        public async Task PartialAsync(int count)
        {
            int before = Volatile.Read(ref _partial);
            await AnsweredAsync(Answered + count);
            Assert.InRange(Volatile.Read(ref _partial) - before, count - Clients, int.MaxValue);
        }

        public void AssertAnswered(double wholeShare)
        {
            Assert.Empty(_failures);
            Assert.InRange(Answered, Requests, int.MaxValue);
            Assert.True(_partial <= (1 - wholeShare) * Answered, $"{_partial} of {Answered} answers were partial");
        }

        private async Task AskAsync()
        {
            try
            {
                RetrievalAnswer answer = await gateway.AskAsync();
                _coverages.Add(answer.Coverage);
                long took = answer.Timings.Total.Ticks, longest = Interlocked.Read(ref _longest);
                while (took > longest && Interlocked.CompareExchange(ref _longest, took, longest) is var seen && seen != longest)
                    longest = seen;
                if (answer.Coverage < 1)
                    Interlocked.Increment(ref _partial);
                Interlocked.Increment(ref _answered);
            }
            catch (Exception e)
            {
                _failures.Add(e.Message);
            }
        }
    }
}
