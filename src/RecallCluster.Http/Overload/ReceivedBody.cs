using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace RecallCluster.Http.Overload;

/// <summary>
/// Waits for a request's body without taking anything of it, so that working on the request will not wait for its sender.
/// </summary>
internal static class ReceivedBody
{
    // What the server holds back anyway; the rest of a larger body is waited for while it is worked on.
    private const int Most = 64 * 1024;

    /// <summary>Waits until the body, or the first 64 KiB of it, has come.</summary>
    /// <exception cref="BadHttpRequestException">It could not be received, or is too large.</exception>
    public static async ValueTask WaitAsync(HttpContext context)
    {
        if (context.Request.ContentLength == 0)
            return;
        PipeReader reader = context.Request.BodyReader;
        bool isComplete = false;
        while (!isComplete)
        {
            ReadResult read = await reader.ReadAsync(context.RequestAborted).ConfigureAwait(false);
            isComplete = read.IsCompleted || read.IsCanceled || read.Buffer.Length >= Math.Min(context.Request.ContentLength ?? Most, Most);
            reader.AdvanceTo(read.Buffer.Start, isComplete ? read.Buffer.Start : read.Buffer.End);
        }
        // The server's own stream reads on from here; another one may have been drained into the reader.
        context.Request.Body = reader.AsStream();
    }
}
