using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;

namespace RecallCluster.Http.Security;

/// <summary>
/// A token bucket for each key, and for each address that has none, and for keys that have one a limit of requests at once: 429 to those
/// who come too often, whatever they ask.
/// </summary>
internal static class KeyRateLimit
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    public static void Configure(RateLimiterOptions options, AccessOptions access)
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        // What is refused for being too many at once has not used up a token.
        options.GlobalLimiter = PartitionedRateLimiter.CreateChained(AtOnce(access), ByRate(access));
        options.OnRejected = async (rejected, _) =>
        {
            DoorTelemetry.RateLimited.Add(1);
            rejected.HttpContext.Response.Headers.RetryAfter = "1";
            await Problem.OfStatus(StatusCodes.Status429TooManyRequests, "Too many requests from this key or address.")
                .ExecuteAsync(rejected.HttpContext).ConfigureAwait(false);
        };
    }

    private static PartitionedRateLimiter<HttpContext> ByRate(AccessOptions access) =>
        PartitionedRateLimiter.Create<HttpContext, string>(context =>
        {
            Caller caller = Caller.Of(context, access);
            int rate = caller.Key?.RequestsPerSecond ?? access.RequestsPerSecond;
            return RateLimitPartition.GetTokenBucketLimiter(caller.Name, _ => BucketOf(rate, access.BurstSeconds));
        });

    private static PartitionedRateLimiter<HttpContext> AtOnce(AccessOptions access) =>
        PartitionedRateLimiter.Create<HttpContext, (string Key, int Limit)>(context =>
            Caller.Of(context, access).Key is { MaxConcurrent: { } most } key
            ? RateLimitPartition.GetConcurrencyLimiter((Key: key.Id, Limit: most), limited =>
                new ConcurrencyLimiterOptions { PermitLimit = limited.Limit })
            : RateLimitPartition.GetNoLimiter((Key: "", Limit: 0)));

    // A bucket is filled ten times a second; one of fewer requests than that a second is filled less often instead.
    private static TokenBucketRateLimiterOptions BucketOf(int rate, double burstSeconds) => new()
    {
        TokenLimit = Math.Max(1, (int)Math.Ceiling(rate * burstSeconds)),
        TokensPerPeriod = Math.Max(1, rate / 10),
        ReplenishmentPeriod = rate >= 10 ? Period : TimeSpan.FromSeconds(1.0 / rate),
        AutoReplenishment = true,
        QueueLimit = 0,
    };
}
