using System.Buffers;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using RecallCluster.Http.Json;
using RecallCluster.Serving;

namespace RecallCluster.Http.Formats;

/// <summary>
/// Content negotiation: a body is read by its Content-Type and answered by Accept. Without a wish the answer is in the format of the
/// request. JSON is always there.
/// </summary>
internal sealed class BodyFormats(FrontDoorOptions options)
{
    private const string Json = "application/json";

    /// <summary>The format of the answer; null for JSON. It is asked for before any work is done.</summary>
    /// <exception cref="BadHttpRequestException">The caller accepts none that there is (406).</exception>
    public IBodyFormat? AnswerOf(HttpRequest request)
    {
        StringValues accept = request.Headers.Accept;
        IBodyFormat? asAsked = Find(request.ContentType);
        if (StringValues.IsNullOrEmpty(accept))
            return asAsked;
        if (!MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? wishes))
            return Refuse(accept);
        foreach (MediaTypeHeaderValue wish in wishes.OrderByDescending(wish => wish.Quality ?? 1))
        {
            if (wish.Quality == 0)
                continue;
            if (wish.MatchesAllTypes || wish is { MatchesAllSubTypes: true, Type.Value: "application" })
                return asAsked;
            if (wish.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase))
                return null;
            if (Find(wish.MediaType.Value) is { } format)
                return format;
        }
        return Refuse(accept);
    }

    /// <summary>Reads a body.</summary>
    /// <exception cref="InvalidRequestException">It is not as wanted.</exception>
    /// <exception cref="BadHttpRequestException">It is of another media type, or could not be received.</exception>
    public async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type)
        where T : class
    {
        if (Find(request.ContentType) is { } format)
            return format.Read<T>(await ReadAllAsync(request).ConfigureAwait(false));
        RequireJson(request);
        return await StrictJson.ReadAsync(request, type).ConfigureAwait(false);
    }

    /// <summary>The whole body in another format than JSON; null where it is JSON.</summary>
    /// <exception cref="InvalidRequestException">It is not as wanted.</exception>
    /// <exception cref="BadHttpRequestException">It is of another media type, or could not be received.</exception>
    public async Task<T?> TryReadAsync<T>(HttpRequest request)
        where T : class
    {
        if (Find(request.ContentType) is { } format)
            return format.Read<T>(await ReadAllAsync(request).ConfigureAwait(false));
        RequireJson(request);
        return null;
    }

    /// <summary>An answer in the format that was agreed on.</summary>
    public static IResult Answer<T>(IBodyFormat? format, T body, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
        where T : class
    {
        if (format is null)
            return Results.Json(body, type, statusCode: status);
        var buffer = new ArrayBufferWriter<byte>(1024);
        format.Write(body, buffer);
        return new BytesResult(buffer.WrittenMemory, format.MediaType, status);
    }

    private IBodyFormat? Find(string? contentType)
    {
        if (contentType is null || options.Formats.Count == 0
            || !MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type))
            return null;
        foreach (IBodyFormat format in options.Formats)
        {
            if (type.MediaType.Equals(format.MediaType, StringComparison.OrdinalIgnoreCase))
                return format;
        }
        return null;
    }

    private void RequireJson(HttpRequest request)
    {
        if (!request.HasJsonContentType())
            throw new BadHttpRequestException($"The body must be {Names(" or ")}.", StatusCodes.Status415UnsupportedMediaType);
    }

    private IBodyFormat? Refuse(StringValues accept) =>
        throw new BadHttpRequestException($"There is {Names(" and ")}, not {accept}.", StatusCodes.Status406NotAcceptable);

    private string Names(string between) => string.Join(between, options.Formats.Select(format => format.MediaType).Prepend(Json));

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(HttpRequest request)
    {
        try
        {
            using var body = new MemoryStream((int)Math.Min(request.ContentLength ?? 1024, 1 << 20));
            await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted).ConfigureAwait(false);
            return body.GetBuffer().AsMemory(0, (int)body.Length);
        }
        catch (InvalidDataException)
        {
            throw new InvalidRequestException("body", "is not compressed as its Content-Encoding says.");
        }
    }

    private sealed class BytesResult(ReadOnlyMemory<byte> body, string mediaType, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            HttpResponse response = httpContext.Response;
            (response.StatusCode, response.ContentType, response.ContentLength) = (status, mediaType, body.Length);
            return response.Body.WriteAsync(body, httpContext.RequestAborted).AsTask();
        }
    }
}
