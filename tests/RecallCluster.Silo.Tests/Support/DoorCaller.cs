using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace RecallCluster.Silo.Tests.Support;

/// <summary>An ad server's side of a front door.</summary>
internal sealed class DoorCaller : IDisposable
{
    private readonly HttpClient _http;

    public DoorCaller()
    {
        Address = new Uri($"http://127.0.0.1:{Ports.Free(1)[0]}");
        _http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false })
        {
            BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>Where the door is to listen.</summary>
    public Uri Address { get; }

    public string[] Settings => [$"--http:door={Address.GetLeftPart(UriPartial.Authority)}"];

    /// <summary>Asks for ads.</summary>
    /// <returns>The status, and the body where it is 200.</returns>
    public async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(string user, int count = 1)
    {
        using HttpResponseMessage answer = await _http.PostAsJsonAsync(
            "v1/ads", new { user = new { id = user }, slots = new[] { new { id = "s", count } } });
        return answer.StatusCode == HttpStatusCode.OK
            ? (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>()) : (answer.StatusCode, default);
    }

    /// <summary>Tokens of so many impressions and as many clicks.</summary>
    public async Task<string[]> WinAsync(int ads)
    {
        var tokens = new List<string>();
        for (int i = 0; tokens.Count < 2 * ads; i++)
        {
            (HttpStatusCode status, JsonElement body) = await AskAsync($"user{i}");
            Assert.Equal(HttpStatusCode.OK, status);
            foreach (JsonElement ad in body.GetProperty("ads").EnumerateArray())
            {
                JsonElement tracking = ad.GetProperty("tracking");
                tokens.Add(TokenOf(tracking.GetProperty("impression")));
                tokens.Add(TokenOf(tracking.GetProperty("click")));
            }
        }
        return [.. tokens];
    }

    /// <summary>Tells events, for as long as it takes until they are accepted.</summary>
    /// <returns>Their outcomes.</returns>
    public async Task<string[]> TellAsync(IEnumerable<string> tokens)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            using HttpResponseMessage answer = await _http.PostAsJsonAsync(
                "v1/events", new { events = tokens.Select(token => new { token }) }, patience.Token);
            if (answer.StatusCode == HttpStatusCode.Accepted)
            {
                JsonElement body = await answer.Content.ReadFromJsonAsync<JsonElement>(patience.Token);
                return [.. body.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("outcome").GetString()!)];
            }
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }
    }

    /// <summary>Impressions and clicks of all campaigns today; null where a campaign cannot be asked now.</summary>
    public async Task<(long Impressions, long Clicks)?> CountsAsync()
    {
        using HttpResponseMessage answer = await GetAsync("v1/campaigns");
        if (answer.StatusCode != HttpStatusCode.OK)
            return null;
        JsonElement page = await answer.Content.ReadFromJsonAsync<JsonElement>();
        JsonElement[] days = [.. page.GetProperty("campaigns").EnumerateArray().Select(campaign => campaign.GetProperty("today"))];
        return (days.Sum(day => day.GetProperty("impressions").GetInt64()), days.Sum(day => day.GetProperty("clicks").GetInt64()));
    }

    public Task<HttpResponseMessage> PostAsync(string path, object body) => _http.PostAsJsonAsync(path, body);

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(new Uri(Address, path));

    public void Dispose() => _http.Dispose();

    private static string TokenOf(JsonElement link) => link.GetString()!.Split('/')[^1];
}
