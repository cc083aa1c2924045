using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Native;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary>
/// From the body of <c>POST /v1/candidates</c> to an <see cref="RetrievalRequest"/>, or to a complaint that names the field.
/// </summary>
internal static class CandidatesRequestReader
{
    private const string Body = "body";

    private static readonly Dictionary<string, string> Wanted = new()
    {
        [Body] = "wants a JSON object",
        ["k"] = "wants a whole number",
        ["deadlineMs"] = "wants a number of milliseconds",
        ["maxScorings"] = "wants a whole number",
        ["exclude"] = "wants an array of ad ids (strings)",
        ["user"] = "wants an object with id, profile and sequence, each optional",
        ["user.id"] = "wants a string",
        ["user.profile"] = "wants an object with a code (whole number) or a label (string) per field",
        ["user.sequence"] = "wants an array of ad ids (strings), oldest first",
    };

    /// <summary>Checks a body that was read.</summary>
    /// <exception cref="InvalidRequestException">It is no such request.</exception>
    public static RetrievalRequest RequestOf(CandidatesRequestBody body, FrontDoorLimits limits) => new(
        UserOf(body.User),
        Checked("k", body.K ?? throw new InvalidRequestException("k", "is missing: how many ads are wanted?"), limits.MaxK))
    {
        MaxScorings = body.MaxScorings is { } scorings ? Checked("maxScorings", scorings, int.MaxValue) : null,
        Deadline = body.DeadlineMs is { } deadline
            ? TimeSpan.FromMilliseconds(Checked("deadlineMs", deadline, limits.MaxDeadline.TotalMilliseconds))
            : null,
        Exclude = body.Exclude is null ? [] : IdsOf("exclude", body.Exclude).ToHashSet(StringComparer.Ordinal),
    };

    /// <summary>Reads a body in JSON.</summary>
    /// <exception cref="InvalidRequestException">The body is no such request.</exception>
    /// <exception cref="BadHttpRequestException">The body could not be received, e.g. because it is too large.</exception>
    public static async Task<CandidatesRequestBody> DeserializeAsync(HttpRequest request)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(
                request.Body, HttpJson.Default.CandidatesRequestBody, request.HttpContext.RequestAborted).ConfigureAwait(false)
                ?? throw new InvalidRequestException(Body, Wanted[Body] + ", not null.");
        }
        catch (JsonException e)
        {
            throw Explain(e);
        }
        catch (InvalidDataException)
        {
            throw new InvalidRequestException(Body, "is not compressed as its Content-Encoding says.");
        }
    }

    /// <summary>The serialiser's complaint in the words of the request rather than of our types.</summary>
    private static InvalidRequestException Explain(JsonException e)
    {
        string place = $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
        string field = e.Path is null or "$" or "" ? Body : e.Path.StartsWith("$.", StringComparison.Ordinal) ? e.Path[2..] : e.Path;
        if (e.InnerException is JsonException)
            return new InvalidRequestException(field, $"malformed JSON at {place}.");
        string known = field.Contains('[') ? field[..field.IndexOf('[')] : field;
        return Wanted.TryGetValue(known, out string? wanted)
            ? new InvalidRequestException(field, $"{wanted} ({place}).")
            : new InvalidRequestException(field, $"there is no such field, or it is there twice ({place}).");
    }

    private static UserFeatures UserOf(CandidatesUserBody? user) => user is null
        ? new UserFeatures()
        : new UserFeatures
        {
            Id = FieldChecks.OptionalId("user.id", user.Id),
            Profile = FieldChecks.Profile(user.Profile),
            Sequence = user.Sequence is null ? null : IdsOf("user.sequence", user.Sequence),
        };

    private static string[] IdsOf(string field, string?[] ids) => [.. ids.Select((id, i) =>
        id ?? throw new InvalidRequestException($"{field}[{i}]", "wants an ad id (string), not null."))];

    private static T Checked<T>(string field, T value, T max)
        where T : System.Numerics.INumber<T>
    {
        if (!(value > T.Zero))
            throw new InvalidRequestException(field, $"must be positive, not {value}.");
        return value <= max ? value : throw new InvalidRequestException(field, $"must be at most {max}, not {value}.");
    }
}
