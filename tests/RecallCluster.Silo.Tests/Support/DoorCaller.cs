using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Silo.Tests.Support;

/// <summary>
/// An ad server's side of a front door. What a door cannot do now it is asked again: on a machine that has too much to do any call may meet
/// a silo that does not answer in time.
/// </summary>
internal sealed class DoorCaller : IDisposable
{
    private const string Known = "duplicate";

    // Longer than a door waits for anything.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5), Pause = TimeSpan.FromMilliseconds(50);

    private static readonly string[] BookedNames = ["impressions", "clicks", "spent", "freeEvents", "freeAmount"];

    private readonly HttpClient _http;

    public DoorCaller()
    {
        Address = new Uri($"http://127.0.0.1:{FreePorts.Take(1)[0]}");
        _http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = Address, Timeout = Patience };
    }

    /// <summary>Where the door is to listen.</summary>
    public Uri Address { get; }

    public string[] Settings => [$"--http:door={Address.GetLeftPart(UriPartial.Authority)}"];

    /// <summary>Asks for ads, once.</summary>
    /// <returns>The status, and the body where it is 200.</returns>
    public async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(string user, int count = 1)
    {
        using HttpResponseMessage answer = await _http.PostAsJsonAsync("v1/ads", RequestOf(user, count));
        return answer.StatusCode == HttpStatusCode.OK
            ? (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>()) : (answer.StatusCode, default);
    }

    /// <summary>Tokens of so many impressions and as many clicks.</summary>
    public async Task<string[]> WinAsync(int ads)
    {
        using var patience = new CancellationTokenSource(Patience);
        var tokens = new List<string>();
        for (int i = 0; tokens.Count < 2 * ads; i++)
        {
            patience.Token.ThrowIfCancellationRequested();
            JsonElement body = await PostAsync("v1/ads", RequestOf($"user{i}", 1));
            foreach (JsonElement ad in body.GetProperty("ads").EnumerateArray())
            {
                JsonElement tracking = ad.GetProperty("tracking");
                tokens.Add(TokenOf(tracking.GetProperty("impression")));
                tokens.Add(TokenOf(tracking.GetProperty("click")));
            }
        }
        return [.. tokens];
    }

    /// <summary>Tells events, for as long as it takes until they are accepted, and looks at what becomes of them.</summary>
    /// <param name="tokens">The events.</param>
    /// <param name="allowed">Outcomes that may be; where they had to be told more than once they may be known already, too.</param>
    /// <returns>Their outcomes.</returns>
    public async Task<string[]> TellAsync(IReadOnlyCollection<string> tokens, params string[] allowed)
    {
        int told = 0;
        JsonElement body = await UntilAsync(
            () =>
            {
                told++;
                return _http.PostAsJsonAsync("v1/events", new { events = tokens.Select(token => new { token }) });
            },
            HttpStatusCode.Accepted, ReadAsync);
        string[] outcomes = [.. body.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("outcome").GetString()!)];
        Assert.Equal(tokens.Count, outcomes.Length);
        string[] possible = told > 1 ? [.. allowed, Known] : allowed;
        Assert.All(outcomes, outcome => Assert.Contains(outcome, possible));
        return outcomes;
    }

    /// <summary>Impressions and clicks of all campaigns today.</summary>
    public async Task<(long Impressions, long Clicks)> CountsAsync()
    {
        JsonElement[] days = await DaysAsync();
        return (days.Sum(day => day.GetProperty("impressions").GetInt64()), days.Sum(day => day.GetProperty("clicks").GetInt64()));
    }

    /// <summary>The books of each campaign today: what was counted, and what it cost.</summary>
    public async Task<string[]> BooksAsync() =>
    [
        .. (await DaysAsync()).Select(day => string.Join(' ', BookedNames.Select(name => $"{name} {day.GetProperty(name).GetRawText()}"))),
    ];

    /// <summary>The version of model and index that ads come from.</summary>
    public async Task<string> VersionAsync(string user) => (await PostAsync("v1/ads", RequestOf(user, 1))).GetProperty("version").GetString()!;

    /// <summary>What gateways have leased of the budgets of all campaigns today.</summary>
    public async Task<decimal> LeasedAsync() => (await DaysAsync()).Sum(day => day.GetProperty("leased").GetDecimal());

    /// <summary>Posts until it is answered with 200.</summary>
    /// <returns>The body.</returns>
    public Task<JsonElement> PostAsync(string path, object body) =>
        UntilAsync(() => _http.PostAsJsonAsync(path, body), HttpStatusCode.OK, ReadAsync);

    /// <summary>Gets until it is answered with 200.</summary>
    /// <returns>The body.</returns>
    public Task<JsonElement> GetAsync(string path) => UntilAsync(() => TryGetAsync(path), HttpStatusCode.OK, ReadAsync);

    /// <summary>Gets until it is answered with a status.</summary>
    public Task UntilGotAsync(string path, HttpStatusCode status) => UntilAsync(() => TryGetAsync(path), status, _ => Task.FromResult(true));

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement[]> DaysAsync()
    {
        JsonElement page = await GetAsync("v1/campaigns");
        return [.. page.GetProperty("campaigns").EnumerateArray().Select(campaign => campaign.GetProperty("today"))];
    }

    private static object RequestOf(string user, int count) => new { user = new { id = user }, slots = new[] { new { id = "s", count } } };

    private static Task<JsonElement> ReadAsync(HttpResponseMessage answer) => answer.Content.ReadFromJsonAsync<JsonElement>();

    private static string TokenOf(JsonElement link) => link.GetString()!.Split('/')[^1];

    /// <summary>Calls until the answer has the status that is wanted; "not now" is the only other one that may be.</summary>
    private static async Task<T> UntilAsync<T>(
        Func<Task<HttpResponseMessage>> call, HttpStatusCode wanted, Func<HttpResponseMessage, Task<T>> read)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using HttpResponseMessage answer = await call();
            if (answer.StatusCode == wanted)
                return await read(answer);
            Assert.True(
                answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.NoContent,
                $"{answer.RequestMessage?.RequestUri}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            await Task.Delay(Pause, patience.Token);
        }
    }

    private Task<HttpResponseMessage> TryGetAsync(string path) => _http.GetAsync(new Uri(Address, path));
}
