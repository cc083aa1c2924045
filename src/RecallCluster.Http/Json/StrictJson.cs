using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;

namespace RecallCluster.Http.Json;

/// <summary>Reads bodies of our own routes: an unknown, repeated or wrongly typed field is an error that names it.</summary>
internal static class StrictJson
{
    private const string Body = "body";

    /// <summary>Reads a body.</summary>
    /// <exception cref="InvalidRequestException">It is not as wanted.</exception>
    /// <exception cref="BadHttpRequestException">It is of another media type, or could not be received.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type)
        where T : class
    {
        if (!request.HasJsonContentType())
            throw new BadHttpRequestException("The body must be application/json.", StatusCodes.Status415UnsupportedMediaType);
        try
        {
            T? body = await JsonSerializer.DeserializeAsync(request.Body, type, request.HttpContext.RequestAborted).ConfigureAwait(false);
            return body ?? throw new InvalidRequestException(Body, "wants a JSON object, not null.");
        }
        catch (JsonException e)
        {
            throw Explain(e, type);
        }
        catch (InvalidDataException)
        {
            throw new InvalidRequestException(Body, "is not compressed as its Content-Encoding says.");
        }
    }

    /// <summary>Reads a body that is there as a whole.</summary>
    /// <exception cref="InvalidRequestException">It is not as wanted.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new InvalidRequestException(Body, "wants a JSON object, not null.");
        }
        catch (JsonException e)
        {
            throw Explain(e, type);
        }
    }

    private static InvalidRequestException Explain(JsonException e, JsonTypeInfo type)
    {
        string place = $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
        string path = e.Path is null or "$" ? "" : e.Path.StartsWith("$.", StringComparison.Ordinal) ? e.Path[2..] : e.Path.TrimStart('$');
        string field = path.Length == 0 ? Body : path;
        if (e.InnerException is JsonException)
            return new InvalidRequestException(field, $"malformed JSON at {place}.");
        return FieldWish.Of(type, path) is { } wish
            ? new InvalidRequestException(field, $"{wish} ({place}).")
            : new InvalidRequestException(field, $"there is no such field, or it is there twice ({place}).");
    }
}
