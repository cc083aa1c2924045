using System.Globalization;
using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;

namespace RecallCluster.Http.Admin;

/// <summary>Versions as entity tags (RFC 9110): <c>"v7"</c>.</summary>
internal static class VersionTag
{
    /// <summary>The tag of a version.</summary>
    public static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"v{version}\"");

    /// <summary>The version that a change is based on, by If-Match and If-None-Match: 0 to create only, null for whatever is there.</summary>
    /// <exception cref="InvalidRequestException">A header is no tag of ours.</exception>
    public static long? WantedBy(HttpRequest request, out bool mustExist)
    {
        mustExist = false;
        string? noneMatch = request.Headers.IfNoneMatch;
        if (noneMatch is { Length: > 0 })
        {
            return noneMatch == "*" ? 0 : throw new InvalidRequestException("If-None-Match", "wants * on a change: to create only.");
        }
        string? match = request.Headers.IfMatch;
        if (string.IsNullOrEmpty(match))
            return null;
        mustExist = true;
        if (match == "*")
            return null;
        return Parse(match) ?? throw new InvalidRequestException("If-Match", "wants a tag such as \"v7\", or *.");
    }

    /// <summary>Whether the client has this version already.</summary>
    public static bool IsKnown(HttpRequest request, long version) =>
        request.Headers.IfNoneMatch is [{ } tags] && (tags == "*" || tags.Split(',', StringSplitOptions.TrimEntries).Contains(Of(version)));

    private static long? Parse(string tag) =>
        tag.Length > 3 && tag.StartsWith("\"v", StringComparison.Ordinal) && tag[^1] == '"'
        && long.TryParse(tag.AsSpan(2, tag.Length - 3), NumberStyles.None, CultureInfo.InvariantCulture, out long version) && version > 0
            ? version
            : null;
}
