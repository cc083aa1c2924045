using MessagePack;

namespace RecallCluster.Wire.Http;

/// <summary>Body of <c>POST /v1/candidates</c>.</summary>
[MessagePackObject]
public sealed record CandidatesRequestMessage
{
    /// <summary>Whom the ads are for; null for nobody known.</summary>
    [Key(0)]
    public UserFeaturesMessage? User { get; init; }

    /// <summary>How many ads are wanted.</summary>
    [Key(1)]
    public int? K { get; init; }

    /// <summary>Time within which the answer must be there, milliseconds.</summary>
    [Key(2)]
    public double? DeadlineMs { get; init; }

    /// <summary>Most ads that may be scored.</summary>
    [Key(3)]
    public int? MaxScorings { get; init; }

    /// <summary>Ids of ads that are not wanted.</summary>
    [Key(4)]
    public string?[]? Exclude { get; init; }
}

/// <summary>Body of the answer to <c>POST /v1/candidates</c>.</summary>
[MessagePackObject]
public sealed record CandidatesAnswerMessage
{
    /// <summary>Ids of the ads, best first.</summary>
    [Key(0)]
    public required string[] Ids { get; init; }

    /// <summary>Their scores, the model's logits, in the same order.</summary>
    [Key(1)]
    public required float[] Scores { get; init; }

    /// <summary>Share of all ads that stand on shards that answered.</summary>
    [Key(2)]
    public double Coverage { get; init; }

    /// <summary>Version of model and indexes.</summary>
    [Key(3)]
    public required string Version { get; init; }

    /// <summary>Distinct ads scored.</summary>
    [Key(4)]
    public long Scorings { get; init; }

    /// <summary>Limits that ended the search: "scorings", "deadline".</summary>
    [Key(5)]
    public required string[] Limits { get; init; }

    /// <summary>How the user was understood.</summary>
    [Key(6)]
    public required UserReadingMessage User { get; init; }

    /// <summary>Shards that did not answer.</summary>
    [Key(7)]
    public required ShardFailureMessage[] Failures { get; init; }

    /// <summary>Prepare, search, merge, total, in milliseconds.</summary>
    [Key(8)]
    public required double[] TimingsMs { get; init; }
}
