using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace RecallCluster.Cli.Workflows;

/// <summary>A running server that is asked what is going on.</summary>
internal sealed class LiveServer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client;
    private readonly Uri _live;

    public LiveServer(Uri address, string? key)
    {
        Address = address;
        _live = new Uri(address, "v1/live");
        _client = new HttpClient { Timeout = Patience };
        if (!string.IsNullOrEmpty(key))
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public Uri Address { get; }

    /// <summary>The snapshot of now, as the server wrote it.</summary>
    /// <exception cref="HttpRequestException">The server cannot be reached, or refuses; the message says why.</exception>
    /// <exception cref="InvalidDataException">What it answers is no JSON.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<JsonElement> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(_live, cancellation).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw new HttpRequestException(Explain(response.StatusCode), null, response.StatusCode);
            Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                using JsonDocument document = await JsonDocument.ParseAsync(body, cancellationToken: cancellation).ConfigureAwait(false);
                return document.RootElement.Clone();
            }
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{_live} does not answer with JSON: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{_live} did not answer within {Patience.TotalSeconds} s.", e);
        }
    }

    public void Dispose() => _client.Dispose();

    private string Explain(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => $"{_live} wants an API key with the role admin (--key).",
        HttpStatusCode.Forbidden => $"{_live} does not accept this key; it wants one with the role admin.",
        HttpStatusCode.NotFound => $"{_live} is not there: is this a RecallCluster server?",
        HttpStatusCode.ServiceUnavailable => $"{_live} is not ready yet.",
        _ => $"{_live} answers {(int)status}.",
    };
}
