using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace RecallCluster.Cli.Tests.Faults;

[Collection(FaultSuite.Name)]
public class ClusterDoorTests(FaultWorld world)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3), Look = TimeSpan.FromMilliseconds(100);

    [ClusterFact]
    public async Task A_door_of_its_own_answers_and_is_started_again_when_it_is_killed()
    {
        int first = RecallProcess.FreeAddress().Port;
        using RecallProcess up = RecallProcess.Start(
            "cluster", "up", "--silos", "1", "--doors", "1", "--door-port", $"{first}", "--model", world.Model, "--index", world.Index,
            "--market", world.Market, "--set", "silo:replicas=1", "--json");
        JsonElement told = await up.ReadDocumentAsync();
        JsonElement silo = Assert.Single(told.GetProperty("silos").EnumerateArray());
        JsonElement door = Assert.Single(told.GetProperty("doors").EnumerateArray());
        Assert.False(silo.TryGetProperty("door", out JsonElement own) && own.ValueKind != JsonValueKind.Null);
        Uri address = new(door.GetProperty("door").GetString()!);
        Assert.True(address.Port >= first);
        using var http = new HttpClient { BaseAddress = address };
        Assert.Equal(5, await FoundAsync(http));

        using (var process = System.Diagnostics.Process.GetProcessById(door.GetProperty("processId").GetInt32()))
            process.Kill();

        // It was there, is gone, and comes back at the same place.
        using var patience = new CancellationTokenSource(Patience);
        while (await FoundAsync(http) is not null)
            await Task.Delay(Look, patience.Token);
        while (await FoundAsync(http) is not 5)
            await Task.Delay(Look, patience.Token);
        up.Signal(RecallProcess.Terminate);
        await up.UntilExitedAsync();
        Assert.Null(await FoundAsync(http));
    }

    /// <summary>How many ads the door finds; null where it does not answer.</summary>
    private static async Task<int?> FoundAsync(HttpClient door)
    {
        try
        {
            using HttpResponseMessage answer = await door.PostAsJsonAsync("v1/candidates", new { user = new { id = "ann" }, k = 5 });
            return answer.StatusCode == HttpStatusCode.OK
                ? (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ads").GetArrayLength()
                : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
