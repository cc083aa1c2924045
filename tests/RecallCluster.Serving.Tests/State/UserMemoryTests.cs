using System.Text;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Tests.State;

public class UserMemoryTests
{
    private static readonly FrequencyRule[] Twice = [new(2, TimeSpan.FromHours(1))];

    [Fact]
    public async Task Clicks_move_the_sequence_and_impressions_the_caps_also_after_a_restart()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        var options = new ServingStateOptions { Users = new UserStoreOptions { LongestSequence = 3 } };
        await using (ServingState state = await file.OpenAsync(clock, options))
        {
            Lease lease = await FeedbackTests.LeaseAsync(state);
            for (int i = 1; i <= 5; i++)
                await SendAsync(state, AdEventKind.Click, Some.Win(1, lease, clock.Now, (UInt128)i));
            await SendAsync(state, AdEventKind.Impression, Some.Win(1, lease, clock.Now, 1));
            await SendAsync(state, AdEventKind.Impression, Some.Win(1, lease, clock.Now, 1));
            Assert.True(state.Users.Allows("u", 1, Twice, clock.Now));
            await SendAsync(state, AdEventKind.Impression, Some.Win(1, lease, clock.Now, 2));
            Check(state);
        }
        await using ServingState again = await file.OpenAsync(clock, options);
        Check(again);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(again.Users.Allows("u", 1, Twice, clock.Now));

        void Check(ServingState state)
        {
            Assert.Equal(["ad3", "ad4", "ad5"], state.Users.Find("u")!.Sequence);
            Assert.Null(state.Users.Find("u")!.Consent);
            Assert.False(state.Users.Allows("u", 1, Twice, clock.Now));
            Assert.True(state.Users.Allows("u", 2, Twice, clock.Now));
            Assert.True(state.Users.Allows("somebody", 1, Twice, clock.Now));
        }
    }

    [Fact]
    public async Task Withdrawn_consent_erases_and_stops_remembering_until_it_is_given()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        Lease lease = await FeedbackTests.LeaseAsync(state);
        await SendAsync(state, AdEventKind.Click, Some.Win(1, lease, clock.Now, 1));
        await state.Users.SetConsentAsync("u", false, default);
        await SendAsync(state, AdEventKind.Click, Some.Win(1, lease, clock.Now, 2));
        UserMemory refused = state.Users.Find("u")!;
        Assert.Empty(refused.Sequence);
        Assert.False(refused.Consent);
        await state.Users.SetConsentAsync("u", true, default);
        await SendAsync(state, AdEventKind.Click, Some.Win(1, lease, clock.Now, 3));
        Assert.Equal(["ad3"], state.Users.Find("u")!.Sequence);
        Assert.True(state.Users.Find("u")!.Consent);
    }

    [Fact]
    public async Task An_erased_user_is_gone_from_memory_and_from_all_snapshots()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using (ServingState state = await file.OpenAsync(clock))
        {
            Lease lease = await FeedbackTests.LeaseAsync(state);
            await SendAsync(state, AdEventKind.Click, Some.Win(1, lease, clock.Now, 1, user: "erase-me"));
            await state.Journal.SnapshotAsync(UserMemories.KeyOf("erase-me"), default);
            Assert.True(await state.Users.EraseAsync("erase-me", default));
            Assert.False(await state.Users.EraseAsync("erase-me", default));
            Assert.Null(state.Users.Find("erase-me"));
            await SendAsync(state, AdEventKind.Click, Some.Win(1, lease, clock.Now, 2, user: "erase-me"));
            Assert.Null(state.Users.Find("erase-me"));

            // Snapshots of the other machines let the tail be cut; then nothing in the file names the user.
            foreach (string key in (string[])["campaign/1", "calibration/1", UserMemories.KeyOf("erase-me"),
                UserMemories.KeyOf("erase-me")])
                await state.Journal.SnapshotAsync(key, default);
        }
        Assert.DoesNotContain("erase-me", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file.Path)), StringComparison.Ordinal);
        await using ServingState again = await file.OpenAsync(clock);
        Assert.Null(again.Users.Find("erase-me"));
        Assert.True(again.Users.IsErased("erase-me"));
        Assert.False(again.Users.IsErased("somebody"));
        await again.Users.SetConsentAsync("erase-me", false, default);
        Assert.True(again.Users.IsErased("erase-me"));
        await again.Users.SetConsentAsync("erase-me", true, default);
        Assert.False(again.Users.IsErased("erase-me"));
    }

    [Fact]
    public async Task Too_many_users_go_in_the_order_in_which_they_were_touched_but_refusals_stay()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        var options = new ServingStateOptions { Users = new UserStoreOptions { MaxUsers = 2 * UserMemories.Partitions } };
        await using ServingState state = await file.OpenAsync(clock, options);
        Lease lease = await FeedbackTests.LeaseAsync(state);
        string[] users = [.. Enumerable.Range(0,
            100_000).Select(i => $"user{i}").Where(user => UserMemories.KeyOf(user) == UserMemories.KeyOf("user0")).Take(4)];
        await state.Users.SetConsentAsync(users[0], false, default);
        for (int i = 1; i < 4; i++)
            await SendAsync(state, AdEventKind.Click, Some.Win(1, lease, clock.Now, (UInt128)i, user: users[i]));
        Assert.False(state.Users.Find(users[0])!.Consent);
        Assert.Null(state.Users.Find(users[1]));
        Assert.Null(state.Users.Find(users[2]));
        Assert.NotNull(state.Users.Find(users[3]));
        Assert.Equal(2, state.Users.Count);
    }

    [Fact]
    public async Task Erasures_are_remembered_up_to_a_bound()
    {
        using var file = new StateFile();
        var options = new ServingStateOptions { Users = new UserStoreOptions { MaxErased = 2 * UserMemories.Partitions } };
        await using ServingState state = await file.OpenAsync(new ManualClock(ManualClock.Morning), options);
        string[] users = [.. Enumerable.Range(0, 100_000).Select(i => $"user{i}")
            .Where(user => UserMemories.KeyOf(user) == UserMemories.KeyOf("user0")).Take(3)];

        foreach (string user in users)
            Assert.True(await state.Users.EraseAsync(user, default));

        Assert.Equal([false, true, true], users.Select(state.Users.IsErased));
    }

    [Fact]
    public void Caps_agree_with_the_reference()
    {
        var random = new SeededRandom(4);
        var reference = new FrequencyCaps(TimeSpan.FromHours(5));
        var user = UserRecord.Unknown("u");
        DateTimeOffset now = ManualClock.Morning;
        for (int i = 0; i < 2000; i++)
        {
            now += TimeSpan.FromMinutes(random.NextInt(20));
            DateTimeOffset shown = now - TimeSpan.FromMinutes(random.NextInt(30));
            long campaign = random.NextInt(3);
            reference.Advance(now);
            reference.Record(1, campaign, shown);
            user = user.WithExposure(new Exposure(campaign, shown), now - TimeSpan.FromHours(5), 1024);
            FrequencyRule[] rules = [new(1 + random.NextInt(5), TimeSpan.FromMinutes(1 + random.NextInt(290)))];
            Assert.Equal(reference.Allows(1, campaign, rules, now), user.Allows(campaign, rules, now));
        }
    }

    private static async Task SendAsync(ServingState state, AdEventKind kind, Win win) =>
        await state.Feedback.AcceptAsync([Some.Event(kind, win)], default);
}
