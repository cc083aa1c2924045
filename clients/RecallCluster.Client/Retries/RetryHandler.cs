using System.Net;
using System.Net.Http.Headers;

namespace RecallCluster.Client;

/// <summary>
/// Repeats what may be repeated: a call that never reached the door, or that it refused as overloaded (429, 502, 503, 504). A call that
/// broke
/// on the way is repeated only where a repetition changes nothing (<see cref="IsIdempotent"/>).
/// </summary>
internal sealed class RetryHandler(HttpMessageHandler inner, RetryOptions options, TimeProvider time) : DelegatingHandler(inner)
{
    private readonly RetryBudget _budget = new(options);

    /// <summary>Set on a request that may be sent twice whatever became of the first.</summary>
    public static HttpRequestOptionsKey<bool> IsIdempotent { get; } = new("recall.idempotent");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _budget.CountCall();
        for (int attempt = 1; ; attempt++)
        {
            TimeSpan wait;
            try
            {
                HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (!IsOverloaded(response.StatusCode) || !MayRetry(attempt))
                    return response;
                wait = Longer(Delay(attempt), RetryAfter(response));
                response.Dispose();
            }
            catch (HttpRequestException e) when (IsRepeatable(request, e) && MayRetry(attempt))
            {
                wait = Delay(attempt);
            }
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool MayRetry(int attempt) => attempt < options.MaxAttempts && _budget.TryTake();

    private static bool IsOverloaded(HttpStatusCode status) => status
        is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout;

    private static bool IsRepeatable(HttpRequestMessage request, HttpRequestException e) =>
        e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
        || request.Method == HttpMethod.Get
        || (request.Options.TryGetValue(IsIdempotent, out bool idempotent) && idempotent);

    private TimeSpan RetryAfter(HttpResponseMessage response)
    {
        RetryConditionHeaderValue? header = response.Headers.RetryAfter;
        TimeSpan asked = header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : TimeSpan.Zero);
        return asked > options.LongestDelay ? options.LongestDelay : asked;
    }

    // Full jitter: callers that failed together must not come back together.
    private TimeSpan Delay(int attempt)
    {
        double longest = Math.Min(options.FirstDelay.TotalMilliseconds * Math.Pow(2, attempt - 1), options.LongestDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(longest * Random.Shared.NextDouble());
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
