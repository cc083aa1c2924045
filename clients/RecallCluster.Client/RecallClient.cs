using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RecallCluster.Client;

/// <summary>
/// A front door, from the outside: ads, bids, feedback, administration. One client serves a whole process; it keeps its connections. Calls
/// are repeated as <see cref="RetryOptions"/> say and end by <see cref="RecallClientOptions.Timeout"/>. Thread-safe.
/// <code>
///  call ─► JSON ─► deadline ─► retries (budget) ─► pooled connections ─► front door
/// </code>
/// </summary>
public sealed class RecallClient : IDisposable
{
    private const string OpenRtbVersion = "2.6";
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly RecallClientOptions _options;
    private readonly HttpClient _http;

    /// <summary>A client; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">The door's address is not absolute.</exception>
    public RecallClient(RecallClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.Door.IsAbsoluteUri)
            throw new ArgumentException($"'{options.Door}' is no absolute address.", nameof(options));
        _options = options;
        _http = new HttpClient(new RetryHandler(options.CreateTransport(), options.Retries, options.Time))
        {
            BaseAddress = options.Door,
            DefaultRequestVersion = options.HttpVersion,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (options.ApiKey is { } key)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Asks for ads.</summary>
    /// <exception cref="RecallException">The door refused; <see cref="RecallException.Field"/> names what is wrong.</exception>
    /// <exception cref="HttpRequestException">The door could not be reached.</exception>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    public Task<AdsAnswer> AdsAsync(AdsRequest request, CancellationToken cancellation = default) => _options.Format is { } format
        ? CallAsync("v1/ads", format, format.Write(request), format.ReadAds, false, cancellation)
        : CallAsync(HttpMethod.Post, "v1/ads", request, ClientJson.Default.AdsRequest, ClientJson.Default.AdsAnswer, false, cancellation);

    /// <summary>Sends an OpenRTB 2.6 bid request as it is.</summary>
    /// <param name="request">The request, JSON in UTF-8.</param>
    /// <param name="cancellation">The caller gave up.</param>
    /// <exception cref="RecallException">The door refused.</exception>
    /// <exception cref="HttpRequestException">The door could not be reached.</exception>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    public async Task<OpenRtbReply> BidAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation = default)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, $"openrtb/{OpenRtbVersion}/bid") { Content = JsonContent(request) };
        message.Headers.Add("x-openrtb-version", OpenRtbVersion);
        (HttpStatusCode status, byte[] body, _) = await SendAsync(message, cancellation).ConfigureAwait(false);
        return status is HttpStatusCode.OK or HttpStatusCode.NoContent ? new OpenRtbReply((int)status, body) : throw Refusal(status, body);
    }

    /// <summary>Sends events, at most as many as the door takes at once (1,000 by default). It returns when they are durable.</summary>
    /// <returns>What became of each, in their order.</returns>
    /// <exception cref="RecallException">The door refused all of them.</exception>
    /// <exception cref="HttpRequestException">The door could not be reached; sending them again is safe.</exception>
    /// <exception cref="TimeoutException">There was no answer in time; sending them again is safe.</exception>
    public async Task<IReadOnlyList<FeedbackResult>> SendEventsAsync(
        IReadOnlyList<AdFeedback> events, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        IReadOnlyList<FeedbackResult> results = _options.Format is { } format
            ? await CallAsync("v1/events", format, format.Write(events), format.ReadResults, true, cancellation).ConfigureAwait(false)
            : (await CallAsync(
                HttpMethod.Post, "v1/events", new FeedbackBatch(events), ClientJson.Default.FeedbackBatch,
                ClientJson.Default.FeedbackResults, true, cancellation).ConfigureAwait(false)).Results;
        return results.Count == events.Count
            ? results
            : throw new RecallException(202, $"The door answered {results.Count} results to {events.Count} events.");
    }

    /// <summary>Sends one event.</summary>
    /// <exception cref="RecallException">The door refused it.</exception>
    /// <exception cref="HttpRequestException">The door could not be reached; sending it again is safe.</exception>
    /// <exception cref="TimeoutException">There was no answer in time; sending it again is safe.</exception>
    public async Task<FeedbackResult> SendEventAsync(AdFeedback feedback, CancellationToken cancellation = default) =>
        (await SendEventsAsync([feedback], cancellation).ConfigureAwait(false))[0];

    /// <summary>A sender that gathers events into batches and sends them in the background.</summary>
    public FeedbackSender OpenFeedback(FeedbackSenderOptions? options = null) => new(this, options ?? new(), _options.Time);

    /// <summary>Whether the door can answer requests for ads.</summary>
    /// <exception cref="HttpRequestException">The door could not be reached.</exception>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    public async Task<bool> IsReadyAsync(CancellationToken cancellation = default)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "readyz");
        (HttpStatusCode status, _, _) = await SendAsync(message, cancellation).ConfigureAwait(false);
        return status == HttpStatusCode.OK;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    internal async Task<TAnswer> CallAsync<TBody, TAnswer>(
        HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, bool isIdempotent,
        CancellationToken cancellation, string? ifMatch = null)
    {
        using var message = new HttpRequestMessage(
            method, path) { Content = JsonContent(JsonSerializer.SerializeToUtf8Bytes(body, bodyType)) };
        message.Options.Set(RetryHandler.IsIdempotent, isIdempotent);
        if (ifMatch is not null)
            message.Headers.TryAddWithoutValidation(ifMatch == "*" ? "If-None-Match" : "If-Match", ifMatch);
        return await ReadAsync(message, answerType, cancellation).ConfigureAwait(false);
    }

    internal async Task<TAnswer> GetAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, path);
        return await ReadAsync(message, answerType, cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends a message and reads the whole answer, within the time for a call.</summary>
    internal async Task<(HttpStatusCode Status, byte[] Body, HttpResponseHeaders Headers)> SendAsync(
        HttpRequestMessage message, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(_options.Timeout, _options.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, both.Token)
                .ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false);
            return (response.StatusCode, body, response.Headers);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{message.RequestUri}: no answer within {_options.Timeout}.", e);
        }
        catch (IOException e)
        {
            throw new HttpRequestException($"{message.RequestUri}: the connection broke: {e.Message}", e);
        }
    }

    internal static RecallException Refusal(HttpStatusCode status, byte[] body)
    {
        try
        {
            if (body.Length > 0 && JsonSerializer.Deserialize(body, ClientJson.Default.ProblemDetails) is { } problem)
                return new RecallException((int)status, problem.Detail ?? problem.Title ?? status.ToString(), problem.Field);
        }
        catch (JsonException e)
        {
            return new RecallException((int)status, $"The door answered {(int)status} {status} and no problem details.", null, e);
        }
        return new RecallException((int)status, $"The door answered {(int)status} {status}.");
    }

    private async Task<TAnswer> CallAsync<TAnswer>(
        string path, IRecallFormat format, ReadOnlyMemory<byte> body, Func<ReadOnlyMemory<byte>, TAnswer> read, bool isIdempotent,
        CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ReadOnlyMemoryContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue(format.MediaType);
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(format.MediaType));
        message.Options.Set(RetryHandler.IsIdempotent, isIdempotent);
        (HttpStatusCode status, byte[] answer, _) = await SendAsync(message, cancellation).ConfigureAwait(false);
        if ((int)status is < 200 or > 299)
            throw Refusal(status, answer);
        try
        {
            return read(answer);
        }
        catch (FormatException e)
        {
            throw new RecallException((int)status, $"{path}: {e.Message}", null, e);
        }
    }

    private async Task<TAnswer> ReadAsync<TAnswer>(HttpRequestMessage message, JsonTypeInfo<TAnswer> type, CancellationToken cancellation)
    {
        (HttpStatusCode status, byte[] body, _) = await SendAsync(message, cancellation).ConfigureAwait(false);
        if ((int)status is < 200 or > 299)
            throw Refusal(status, body);
        try
        {
            return JsonSerializer.Deserialize(body, type)
                ?? throw new RecallException((int)status, $"{message.RequestUri}: the answer is null.");
        }
        catch (JsonException e)
        {
            throw new RecallException((int)status, $"{message.RequestUri}: the answer could not be read: {e.Message}", null, e);
        }
    }

    private static ByteArrayContent JsonContent(ReadOnlyMemory<byte> body)
    {
        var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = Json;
        return content;
    }
}
