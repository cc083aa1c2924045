using RecallCluster.Cli.Workflows;
using RecallCluster.Http.Tokens;
using RecallCluster.Serving.State;

namespace RecallCluster.Cli.Tests;

/// <summary>Files beside a running door: its keys, its clock.</summary>
public class KeysTests
{
    [Fact]
    public async Task Keys_are_made_once_listed_without_their_secret_and_revoked()
    {
        using var scratch = new Scratch();
        string file = scratch["keys"];

        Recall made = await Recall.RunAsync(
            "keys", "new", "--file", file, "--role", "serve,events", "--rate", "50", "--note", "news site", "--json");
        Recall listed = await Recall.RunAsync("keys", "list", "--file", file, "--json");
        string key = made.Json.GetProperty("key").GetString()!;
        System.Text.Json.JsonElement row = Assert.Single(listed.Json.GetProperty("keys").EnumerateArray());
        Recall revoked = await Recall.RunAsync("keys", "revoke", row.GetProperty("id").GetString()!, "--file", file);
        Recall again = await Recall.RunAsync("keys", "revoke", row.GetProperty("id").GetString()!, "--file", file);
        Recall empty = await Recall.RunAsync("keys", "list", "--file", file, "--json");

        Assert.StartsWith($"rck_{row.GetProperty("id").GetString()}_", key);
        Assert.Equal(
            ("serve,events", 50, "news site"),
            (row.GetProperty("roles").GetString(), row.GetProperty("requestsPerSecond").GetInt32(), row.GetProperty("note").GetString()));
        Assert.DoesNotContain(key, listed.Output);
        Assert.Equal((0, 2), (revoked.ExitCode, again.ExitCode));
        Assert.Empty(empty.Json.GetProperty("keys").EnumerateArray());
    }

    [Fact]
    public async Task Token_keys_are_rotated_and_old_ones_stay_as_long_as_there_is_room()
    {
        using var scratch = new Scratch();
        string state = scratch["state.db"];
        Recall missing = await Recall.RunAsync("keys", "rotate", "--state", state);
        byte first = Assert.Single(TokenKeyRing.LoadOrCreate(state + ".keys").Ids);

        Recall rotated = await Recall.RunAsync("keys", "rotate", "--state", state, "--json");
        IReadOnlyList<byte> both = TokenKeyRing.Load(state + ".keys").Ids;
        Recall again = await Recall.RunAsync("keys", "rotate", "--state", state, "--keep", "2", "--json");

        Assert.Equal((2, 0, 0), (missing.ExitCode, rotated.ExitCode, again.ExitCode));
        Assert.Equal(2, both.Count);
        Assert.Equal(first, both[1]);
        Assert.Equal(both[0], TokenKeyRing.Load(state + ".keys").Ids[1]);
        Assert.Equal(first, Assert.Single(again.Json.GetProperty("dropped").EnumerateArray()).GetInt32());
        // No secret is shown.
        string secret = File.ReadAllLines(state + ".keys")[1].Split(' ')[1];
        Assert.DoesNotContain(secret, again.Output + rotated.Output);
    }

    [Fact]
    public async Task A_role_that_does_not_exist_makes_no_key()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync("keys", "new", "--file", scratch["keys"], "--role", "serve,root");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("root", run.Error);
        Assert.False(File.Exists(scratch["keys"]));
    }

    [Fact]
    public void A_states_clock_goes_on_where_it_was_also_at_another_speed()
    {
        using var scratch = new Scratch();
        string state = scratch["state.db"];
        var real = new Moment { Now = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero) };
        Assert.Same(real, BusinessClockFile.Open(state, 1, real));

        TimeProvider first = BusinessClockFile.Open(state, 60, real);
        real.Now += TimeSpan.FromMinutes(1);
        TimeProvider restarted = BusinessClockFile.Open(state, 60, real);
        TimeProvider slowed = BusinessClockFile.Open(state, 1, real);

        Assert.Equal(new DateTimeOffset(2026, 5, 1, 13, 0, 0, TimeSpan.Zero), first.GetUtcNow());
        Assert.Equal(first.GetUtcNow(), restarted.GetUtcNow());
        Assert.Equal(first.GetUtcNow(), slowed.GetUtcNow());
        Assert.Equal(1, Assert.IsType<ScaledClock>(slowed).Speed);
    }

    private sealed class Moment : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
