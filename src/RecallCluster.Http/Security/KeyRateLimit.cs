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
    private const int PeriodsPerSecond = 10;

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

    /// <summary>
    /// A bucket is filled by whole tokens, ten times a second; where a tenth of the rate is no whole number, or none at all, as often as
    /// the tokens of one filling take at that rate.
    /// </summary>
    internal static TokenBucketRateLimiterOptions BucketOf(int rate, double burstSeconds)
    {
        int tokens = Math.Max(1, rate / PeriodsPerSecond);
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(1, (int)Math.Ceiling(rate * burstSeconds)),
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)tokens / rate),
            AutoReplenishment = true,
            QueueLimit = 0,
        };
    }
}
