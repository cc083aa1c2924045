using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Cli.Workflows;

/// <summary>A running server whose index is changed: <c>/v1/indexes</c> of one process or of a cluster.</summary>
internal sealed class IndexServer : IDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    private readonly HttpClient _client;
    private readonly TimeProvider _time;

    /// <param name="address">The server.</param>
    /// <param name="key">API key with the role admin; null for none.</param>
    /// <param name="time">The clock of waiting.</param>
    /// <param name="transport">How it is reached; null for HTTP.</param>
    public IndexServer(Uri address, string? key, TimeProvider time, HttpMessageHandler? transport = null)
    {
        // Loading in one process is waited for.
        _client = new HttpClient(transport ?? new SocketsHttpHandler()) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
        _time = time;
        if (!string.IsNullOrEmpty(key))
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>How the change from one version to the next stands.</summary>
    /// <exception cref="HttpRequestException">The server cannot be reached, or refuses; the message says why.</exception>
    public async Task<RolloutView> ReadAsync(CancellationToken cancellation)
    {
        return await AskAsync(ReadOnceAsync, cancellation).ConfigureAwait(false);

        async Task<RolloutView> ReadOnceAsync()
        {
            using HttpResponseMessage response = await _client.GetAsync(Path(""), cancellation).ConfigureAwait(false);
            JsonElement body = await BodyOf(response, cancellation).ConfigureAwait(false);
            return body.ValueKind == JsonValueKind.Object && body.TryGetProperty("rollout", out JsonElement rollout)
                && rollout.Deserialize<RolloutView>(JsonOutput.Options) is { } view
                ? view
                : throw new HttpRequestException($"{_client.BaseAddress} has no choice of index versions.");
        }
    }

    /// <summary>Publishes a version and waits for what becomes of it.</summary>
    /// <param name="name">The version.</param>
    /// <param name="requests">Live requests to compare it on; null for what the server usually wants.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Waits no longer; the server goes on.</param>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<RolloutEnd> PublishAsync(string name, int? requests, IProgress<string> progress, CancellationToken cancellation)
    {
        if (await AskAsync(PublishOnceAsync, cancellation).ConfigureAwait(false) is { } refused)
            return refused;
        while (true)
        {
            RolloutView view = await ReadAsync(cancellation).ConfigureAwait(false);
            if (view.UnderWay?.Version.Name != name)
            {
                return view.Last is { } last && last.Version.Name == name
                    ? last : throw new HttpRequestException($"Somebody else published a version after '{name}'.");
            }
            progress.Report(Describe(view.UnderWay));
            await Task.Delay(Between, _time, cancellation).ConfigureAwait(false);
        }

        async Task<RolloutEnd?> PublishOnceAsync()
        {
            object body = requests is { } wanted ? new { name, shadow = new { requests = wanted } } : new { name };
            using HttpResponseMessage response = await _client.PostAsJsonAsync(Path(""), body, cancellation).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.UnprocessableEntity)
            {
                JsonElement problem = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation).ConfigureAwait(false);
                return new RolloutEnd(
                    new RolledVersion(name, name), RolloutOutcome.Refused, _time.GetUtcNow(), problem.GetProperty("detail").GetString());
            }
            await BodyOf(response, cancellation).ConfigureAwait(false);
            return null;
        }
    }

    public void Dispose() => _client.Dispose();

    private static string Describe(RolloutProgress underWay)
    {
        string figures = underWay.Figures is { } known
            ? string.Join(", ", known.Select(f => $"{f.Key} {f.Value:0.###}")) : underWay.Waits ?? "";
        return $"{(underWay.Phase == RolloutPhase.Loading ? "loading" : "compared")} {figures}";
    }

    /// <summary>
    /// Tells of a server that takes too long, and of an answer that is none, as of one that is away: it may be back later.
    /// </summary>
    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException($"{_client.BaseAddress} did not answer within {_client.Timeout.TotalSeconds} s.", e);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or NotSupportedException or InvalidOperationException)
        {
            throw new HttpRequestException($"{_client.BaseAddress} does not answer as an index server does: {e.Message}", e);
        }
    }

    private static Uri Path(string below) => new("v1/indexes" + below, UriKind.Relative);

    private static async Task<JsonElement> BodyOf(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode)
            return await response.Content.ReadFromJsonAsync<JsonElement>(cancellation).ConfigureAwait(false);
        string body = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
        throw new HttpRequestException(
            $"{response.RequestMessage?.RequestUri} answers {(int)response.StatusCode}: {body}", null, response.StatusCode);
    }
}
