using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RecallCluster.Http.Shards;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>Ads that came live and the crashes of those who hold them: a front door, and a shard of another process.</summary>
[Collection(FaultSuite.Name)]
public class NewAdsFaultTests(FaultWorld world)
{
    private const int NewAds = 40;

    // A search looks at what the user acted on first of all, so whatever of these is there is found.
    private static readonly string[] Sequence = [.. Enumerable.Range(0, NewAds).Select(i => $"new{i}")];

    [LinuxProcessFact]
    public async Task Killed_right_after_the_answer_door_and_shard_find_every_ad_again()
    {
        string secret = world.NewState() + ".secret";
        ShardSecret.Create(secret);
        using ShardProcess shard = await ShardProcess.StartAsync(world.Trained, 0, "--secret", secret);
        await using var door = new DoorProcess(world, "--shards", $"{shard.Url};local", "--shard-secret", secret, "--max-k", "2000");
        await door.StartAsync();
        for (int i = 0; i < NewAds; i++)
            await PutAsync(door, i);
        using HttpResponseMessage removed = await door.Http.DeleteAsync(new Uri("v1/ads/new7", UriKind.Relative));
        string[] wanted = [.. Enumerable.Range(0, NewAds).Where(i => i != 7).Select(i => $"new{i}").Order()];
        // The other process hears of them a little later.
        Dictionary<string, float> before = await FoundAsync(door, wanted);

        await door.KillAsync();
        await shard.KillAsync();
        await shard.RestartAsync();
        await door.StartAsync();
        Dictionary<string, float> after = await FoundAsync(door, wanted);
        // Embedded side by side or one by one, sums are rounded differently.
        Assert.All(wanted, id => Assert.Equal(before[id], after[id], 1e-3f));

        // The other process alone: it gets the very same from the door.
        await shard.KillAsync();
        await shard.RestartAsync();
        Assert.Equal(after, await FoundAsync(door, wanted));
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
    }

    private static async Task PutAsync(DoorProcess door, int number)
    {
        using HttpResponseMessage put = await door.Http.PutAsJsonAsync($"v1/ads/new{number}", new
        {
            campaignId = 1 + (number % FaultWorld.Campaigns),
            creative = new { kind = "banner", width = 300, height = 250, media = "https://cdn.example/n.png", mediaType = "image/png" },
            landingPage = "https://shop.example/",
            features = new { category = 1 + (number % 5) },
        });
        string text = await put.Content.ReadAsStringAsync();
        Assert.True(put.StatusCode == HttpStatusCode.Created, text);
        Assert.Contains("\"standing\":\"added\"", text);
    }

    private static string[] NewOnes(Dictionary<string, float> found) =>
        [.. found.Keys.Where(id => id.StartsWith("new", StringComparison.Ordinal)).Order()];

    /// <summary>The first answer that is whole and has those new ads, and no others.</summary>
    private static async Task<Dictionary<string, float>> FoundAsync(DoorProcess door, string[] wanted)
    {
        Dictionary<string, float> found = [];
        await Until.TrueAsync(async () => NewOnes(found = await FoundAsync(door)).SequenceEqual(wanted, StringComparer.Ordinal));
        return found;
    }

    /// <summary>What a user is shown who acted on all new ads, with the scores; none where the answer is partial.</summary>
    private static async Task<Dictionary<string, float>> FoundAsync(DoorProcess door)
    {
        using HttpResponseMessage answer = await door.Http.PostAsJsonAsync(
            "v1/candidates", new { user = new { sequence = Sequence }, k = 2_000, deadlineMs = 20_000 });
        JsonElement body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return answer.IsSuccessStatusCode && body.GetProperty("coverage").GetDouble() == 1
            ? body.GetProperty("ads").EnumerateArray().ToDictionary(
                ad => ad.GetProperty("id").GetString()!, ad => ad.GetProperty("score").GetSingle())
            : [];
    }
}
