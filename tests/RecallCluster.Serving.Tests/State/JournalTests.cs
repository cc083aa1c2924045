using System.Text;
using Microsoft.Data.Sqlite;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class JournalTests
{
    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_restart()
    {
        using var file = new StateFile();
        var before = new Chains();
        await using (SqliteJournal journal = before.Open(file.Path))
        {
            Assert.Equal(1, journal.Epoch);
            for (int i = 0; i < 10; i++)
                Assert.Equal(i + 1, (int)(await journal.AppendAsync("chain/a", Bytes($"{i}"), [], default))!);
            await journal.SetMetaAsync("origin", "then", default);
        }
        var after = new Chains();
        await using SqliteJournal again = after.Open(file.Path);
        Assert.Equal(2, again.Epoch);
        Assert.Equal("then", again.Meta("origin"));
        Assert.Equal(10, again.Applied);
        Assert.Equal(before["chain/a"].Hash, after["chain/a"].Hash);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_restart_at_any_point_leaves_every_machine_as_though_there_had_been_none(ulong seed)
    {
        using var file = new StateFile();
        var random = new SeededRandom(seed);
        var model = new Chains();
        var options = new JournalOptions
        {
            MaxBatch = 1 + random.NextInt(40),
            SnapshotShare = random.NextDouble() * 3 * (1e-3 + random.NextDouble()),
            MaxSnapshotsPerBatch = 1 + random.NextInt(4)
        };
        long sequence = 0;
        bool snapshotsWereUsed = false;
        for (int life = 0; life < 8; life++)
        {
            var chains = new Chains();
            await using SqliteJournal journal = chains.Open(file.Path, options);
            Assert.Equal(sequence, journal.Applied);
            snapshotsWereUsed |= journal.Replayed < sequence;
            AssertEqual(model, chains);
            var pending = new List<Task<object?>>();
            for (int i = random.NextInt(400); i > 0; i--)
            {
                string key = Chains.Key(random.NextInt(12));
                string[] followers = [.. Enumerable.Range(0,
                    random.NextInt(3)).Select(_ => Chains.Key(random.NextInt(12))).Distinct().Where(other => other != key)];
                byte[] payload = Bytes($"command {sequence}");
                pending.Add(journal.AppendAsync(key, payload, followers, default));
                model.Apply(new JournalRecord(++sequence, key, followers, payload));
                if (random.NextInt(50) == 0)
                    await journal.SnapshotAsync(Chains.Key(random.NextInt(12)), default);
            }
            await Task.WhenAll(pending);
            AssertEqual(model, chains);
        }
        Assert.True(snapshotsWereUsed);
    }

    [Fact]
    public async Task The_tail_stays_about_as_long_as_the_state_is_large()
    {
        using var file = new StateFile();
        var chains = new Chains();
        await using SqliteJournal journal = chains.Open(file.Path);
        byte[] payload = new byte[1000];
        int longest = 0;
        for (int i = 0; i < 1000; i++)
        {
            await journal.AppendAsync(Chains.Key(i % 12), payload, [], default);
            longest = Math.Max(longest, journal.TailTransactions);
        }
        Assert.InRange(longest, 1, 120);
    }

    [Fact]
    public async Task A_full_disk_fails_what_waits_and_changes_nothing_and_the_journal_recovers_with_space()
    {
        using var file = new StateFile();
        var chains = new Chains();
        await using (SqliteJournal journal = chains.Open(file.Path))
        {
            await journal.AppendAsync("chain/0", Bytes("fits"), ["chain/1"], default);
            uint hash = chains["chain/0"].Hash;
            await journal.LimitPagesAsync(1);
            for (int i = 0; i < 3; i++)
            {
                IOException full = await Assert.ThrowsAsync<IOException>(() => journal.AppendAsync("chain/0", new byte[100_000],
                    ["chain/1"], default));
                Assert.Contains(file.Path, full.Message, StringComparison.Ordinal);
                Assert.Contains("full", full.Message, StringComparison.Ordinal);
                Assert.Equal(JournalCondition.Failing, journal.Status.Condition);
                Assert.Contains("full", journal.Status.Trouble!.Message, StringComparison.Ordinal);
            }
            Assert.Equal(hash, chains["chain/0"].Hash);
            Assert.Equal(1, journal.Applied);
            await journal.LimitPagesAsync(1 << 20);
            await journal.AppendAsync("chain/0", new byte[100_000], ["chain/1"], default);
            Assert.Equal(JournalStatus.Working, journal.Status);
            await journal.DisposeAsync();
            Assert.Equal(JournalCondition.Closed, journal.Status.Condition);
        }
        var after = new Chains();
        await using SqliteJournal again = after.Open(file.Path);
        Assert.Equal(2, again.Applied);
        AssertEqual(chains, after);
    }

    [Fact]
    public async Task A_command_that_its_machine_fails_at_is_told_to_whoever_sent_it_and_stops_nothing()
    {
        using var file = new StateFile();
        var chains = new Chains();
        await using (SqliteJournal journal = chains.Open(file.Path))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => journal.AppendAsync("chain/0", Bytes("fail"), ["chain/1"], default));
            await journal.AppendAsync("chain/0", Bytes("goes on"), ["chain/1"], default);
        }
        var after = new Chains();
        await using SqliteJournal again = after.Open(file.Path);
        AssertEqual(chains, after);
    }

    [Fact]
    public async Task A_second_process_is_told_that_the_file_is_in_use()
    {
        using var file = new StateFile();
        await using SqliteJournal journal = new Chains().Open(file.Path);
        IOException second = Assert.Throws<IOException>(() => new Chains().Open(file.Path));
        Assert.Contains("another process", second.Message, StringComparison.Ordinal);
        Assert.Contains(file.Path, second.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_a_later_version_or_of_another_program_or_none_at_all_is_refused()
    {
        using var file = new StateFile();
        await new Chains().Open(file.Path).DisposeAsync();
        Execute(file.Path, "PRAGMA user_version = 99");
        AssertRefused(file.Path, "format 99");
        Execute(file.Path, "PRAGMA user_version = 1; PRAGMA application_id = 5");
        AssertRefused(file.Path, "another program");
        File.Delete(file.Path);
        await File.WriteAllTextAsync(file.Path, "This is no database at all, but it is long enough to be taken for one. " + new string('x',
            5000));
        AssertRefused(file.Path, "damaged");
    }

    [Fact]
    public async Task A_file_that_names_an_unknown_machine_is_refused()
    {
        using var file = new StateFile();
        await using (SqliteJournal journal = new Chains().Open(file.Path))
            await journal.AppendAsync("chain/0", Bytes("x"), [], default);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => SqliteJournal.Open(file.Path, new StateMachines()));
        Assert.Contains("chain/0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_file_is_refused_or_gives_the_same_state_never_another()
    {
        using var file = new StateFile();
        var chains = new Chains();
        await using (SqliteJournal journal = chains.Open(file.Path, new JournalOptions { SnapshotShare = 0.5 }))
        {
            for (int i = 0; i < 60; i++)
                await journal.AppendAsync(Chains.Key(i % 12), Bytes($"command {i}, padded {new string('.', 300)}"),
                    [Chains.Key((i + 1) % 12)], default);
        }
        byte[] whole = await File.ReadAllBytesAsync(file.Path);
        var random = new SeededRandom(11);
        int refused = 0;
        for (int trial = 0; trial < 300; trial++)
        {
            byte[] damaged = [.. whole];
            damaged[random.NextInt(damaged.Length)] ^= (byte)(1 + random.NextInt(255));
            await File.WriteAllBytesAsync(file.Path, damaged);
            File.Delete(file.Path + "-wal");
            var after = new Chains();
            try
            {
                await using SqliteJournal again = after.Open(file.Path);
                AssertEqual(chains, after);
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(file.Path, e.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.InRange(refused, 150, 300);
    }

    [Fact]
    public async Task A_closed_journal_says_so()
    {
        using var file = new StateFile();
        SqliteJournal journal = new Chains().Open(file.Path);
        await journal.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => journal.AppendAsync("chain/0", Bytes("x"), [], default));
    }

    [Fact]
    public async Task Reads_see_what_was_applied_before_them()
    {
        using var file = new StateFile();
        var chains = new Chains();
        await using SqliteJournal journal = chains.Open(file.Path);
        Task append = journal.AppendAsync("chain/0", Bytes("x"), [], default);
        Assert.Equal(1, await journal.ReadAsync(() => chains["chain/0"].Told, default));
        await append;
        await Assert.ThrowsAsync<KeyNotFoundException>(() => journal.ReadAsync<int>(() => throw new KeyNotFoundException(), default));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static void AssertEqual(Chains expected, Chains actual)
    {
        for (int i = 0; i < 12; i++)
            Assert.Equal((expected[Chains.Key(i)].Hash, expected[Chains.Key(i)].Told),
                (actual[Chains.Key(i)].Hash, actual[Chains.Key(i)].Told));
    }

    private static void AssertRefused(string path, string reason)
    {
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => new Chains().Open(path));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
    }

    private static void Execute(string path, string text)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    /// <summary>A family of chain machines, with or without a journal.</summary>
    private sealed class Chains
    {
        private readonly Dictionary<string, ChainMachine> _chains = [];

        public ChainMachine this[string key] =>
            _chains.TryGetValue(key, out ChainMachine? chain) ? chain : _chains[key] = new ChainMachine();

        public static string Key(int number) => $"chain/{number}";

        public SqliteJournal Open(string path, JournalOptions? options = null)
        {
            var machines = new StateMachines();
            machines.AddFamily("chain/", key => this[key]);
            return SqliteJournal.Open(path, machines, options);
        }

        public void Apply(JournalRecord record)
        {
            byte verdict = this[record.Key].Apply(record).Verdict;
            foreach (string follower in record.Followers)
                this[follower].Follow(record, verdict);
        }
    }
}
