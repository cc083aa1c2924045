using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http;

/// <summary>Body of <c>POST /v1/candidates</c>. Everything but <c>k</c> may be left out; a field of another name is an error.</summary>
internal sealed class CandidatesRequestBody
{
    public CandidatesUserBody? User { get; init; }

    public int? K { get; init; }

    public double? DeadlineMs { get; init; }

    public int? MaxScorings { get; init; }

    public string?[]? Exclude { get; init; }
}

/// <summary>The <c>user</c> of a request for ads.</summary>
internal sealed class CandidatesUserBody
{
    public string? Id { get; init; }

    /// <summary>A code (whole number) or a label (string) by field name.</summary>
    public Dictionary<string, JsonElement>? Profile { get; init; }

    public string?[]? Sequence { get; init; }
}

/// <summary>Body of the answer to <c>POST /v1/candidates</c>.</summary>
internal sealed record CandidatesAnswerBody(
    AdBody[] Ads, double Coverage, string Version, long Scorings, string[] Limits, UserBody User, FailureBody[] Failures,
    TimingsBody Timings);

/// <summary>
/// An ad and its score, the model's logit of interest. JSON has no infinities: such a score is the string "Infinity" or "-Infinity".
/// </summary>
internal readonly record struct AdBody(
    string Id, [property: JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)] float Score);

/// <summary>How the user's features were understood.</summary>
internal sealed record UserBody(bool Known, int SequenceLength, int UnknownSequenceItems, int DroppedSequenceItems);

/// <summary>A shard that did not answer.</summary>
internal sealed record FailureBody(int Shard, string Reason);

/// <summary>Where the time went, in milliseconds.</summary>
internal sealed record TimingsBody(double PrepareMs, double SearchMs, double MergeMs, double TotalMs);

/// <summary>Body of the health routes; <c>failing</c> names background work that failed the last time.</summary>
internal sealed record HealthBody(
    string Status, string? Version = null, int? Shards = null, long? Ads = null, string[]? Failing = null);

/// <summary>Problem details (RFC 9457) with the field that is wrong and why, where there is one.</summary>
internal sealed record ProblemBody(
    string Type, string Title, int Status, string? Detail = null, string? Field = null, string? Reason = null);

/// <summary>Serialisers made at compile time; strict about what comes in, sparing about what goes out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters =
    [
        typeof(CamelCaseEnum<NativeSale>), typeof(CamelCaseEnum<DeviceKind>), typeof(CamelCaseEnum<CreativeKind>),
        typeof(CamelCaseEnum<NoAdReason>),
        typeof(CamelCaseEnum<ChargedFor>), typeof(CamelCaseEnum<AdEventKind>),
    ])]
[JsonSerializable(typeof(CandidatesRequestBody))]
[JsonSerializable(typeof(CandidatesAnswerBody))]
[JsonSerializable(typeof(AdsRequestBody))]
[JsonSerializable(typeof(AdsAnswerBody))]
[JsonSerializable(typeof(EventsBody))]
[JsonSerializable(typeof(EventsAnswerBody))]
[JsonSerializable(typeof(HealthBody))]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class HttpJson : JsonSerializerContext;
