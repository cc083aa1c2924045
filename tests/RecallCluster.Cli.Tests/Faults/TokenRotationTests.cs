using RecallCluster.Client;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>The keys of tracking tokens are replaced while a front door runs.</summary>
[Collection(FaultSuite.Name)]
public class TokenRotationTests(FaultWorld world)
{
    [LinuxProcessFact]
    public async Task Tokens_that_are_out_stay_good_and_new_ones_are_signed_with_the_new_key()
    {
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        AdsPlaced before = (await door.AskAsync()).Ads[0];

        Recall rotated = await Recall.RunAsync("keys", "rotate", "--state", door.State, "--json");
        Assert.Equal(0, rotated.ExitCode);
        int signing = rotated.Json.GetProperty("keys")[0].GetInt32();
        AdsPlaced after = before;
        await Until.TrueAsync(async () =>
        {
            after = (await door.AskAsync()).Ads[0];
            return KeyOf(after) == signing;
        });

        Assert.NotEqual(signing, KeyOf(before));
        Assert.Equal("applied", (await door.Client.SendEventAsync(AdFeedback.Impression(before))).Outcome);
        Assert.Equal("applied", (await door.Client.SendEventAsync(AdFeedback.Impression(after))).Outcome);
        await door.RestartAsync();
        Assert.Equal("duplicate", (await door.Client.SendEventAsync(AdFeedback.Impression(before))).Outcome);
        Assert.Equal("applied", (await door.Client.SendEventAsync(AdFeedback.Click(before))).Outcome);
    }

    /// <summary>The key that signed an ad's tokens: the second byte of each.</summary>
    private static int KeyOf(AdsPlaced ad) => System.Buffers.Text.Base64Url.DecodeFromChars(AdFeedback.Impression(ad).Token)[1];
}
