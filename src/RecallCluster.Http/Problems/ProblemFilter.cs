using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Http;

/// <summary>Turns what routes are documented to throw into answers; anything else is a defect and goes on as one.</summary>
internal sealed partial class ProblemFilter(ILogger<ProblemFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        try
        {
            return await next(context).ConfigureAwait(false);
        }
        catch (InvalidRequestException e)
        {
            return Problem.Invalid(e);
        }
        catch (BadHttpRequestException e)
        {
            return Problem.OfStatus(e.StatusCode, e.Message);
        }
        catch (PartMissingException e)
        {
            http.Response.Headers.RetryAfter = "5";
            return Problem.PartMissing(e.Message);
        }
        catch (VersionConflictException e)
        {
            return Problem.VersionConflict(string.Create(CultureInfo.InvariantCulture, $"The current version is {e.Actual}."));
        }
        catch (IOException e) when (!http.RequestAborted.IsCancellationRequested)
        {
            LogNotDurable(logger, e);
            http.Response.Headers.RetryAfter = "1";
            return Problem.NotDurable();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Something could not be made durable.")]
    private static partial void LogNotDurable(ILogger logger, Exception e);
}
