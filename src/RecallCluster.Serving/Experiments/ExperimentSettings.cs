using System.Text.Json.Serialization;

namespace RecallCluster.Serving.Experiments;

/// <summary>What an experiment tries out, and on whom.</summary>
public sealed record ExperimentSettings
{
    /// <summary>Number of buckets that the users of a layer fall into.</summary>
    public const int Buckets = 10_000;

    /// <summary>Its id, positive; never used again for another one.</summary>
    public required long Id { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Its layer. Experiments of one layer never share a user; those of different layers split users independently of each other.
    /// </summary>
    public required string Layer { get; init; }

    /// <summary>Splits its users among the arms otherwise than another salt does.</summary>
    [JsonRequired]
    public string Salt { get; init; } = "";

    /// <summary>The first of its layer's <see cref="Buckets"/> buckets that it takes.</summary>
    public int FirstBucket { get; init; }

    /// <summary>Share of all users that it takes, in (0, 1]: so many buckets from the first on.</summary>
    public required double Share { get; init; }

    /// <summary>What is compared; at least one arm is a control, and the first such is what others are compared with.</summary>
    public required IReadOnlyList<ExperimentArm> Arms { get; init; }

    /// <summary>First bucket after its last.</summary>
    [JsonIgnore]
    internal int BucketsEnd => FirstBucket + (int)Math.Round(Share * Buckets);

    /// <summary>The arm that others are compared with.</summary>
    [JsonIgnore]
    internal int Control => Arms.Index().First(arm => arm.Item.Treatment is null).Index;
}

/// <summary>One of the things that are compared.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Weight">Its part of the users, relative to the other arms'.</param>
/// <param name="Treatment">What is different; null for a control.</param>
public sealed record ExperimentArm(string Name, double Weight, Treatment? Treatment = null);

/// <summary>
/// What is different for a request. Only what users do not share: bids, budgets and calibration are the campaigns', and a campaign serves
/// users of all arms.
/// </summary>
public sealed record Treatment
{
    /// <summary>
    /// Most ads that may be scored, over all shards: at most so many, and never more than the index was tuned to or the request allows, so
    /// that it can only lower; null for what those say.
    /// </summary>
    public int? MaxScorings { get; init; }

    /// <summary>Ads that are bid for in a request of one slot, in place of the gateway's own number; null for that.</summary>
    public int? Candidates { get; init; }

    /// <summary>
    /// Whether what was found keeps the retrieval model's scores, where a ranker would score it anew. Where the host has none
    /// (<see cref="Hosting.GatewayLoopOptions.Ranker"/>) it changes nothing and is refused; a door in a process without gateway does not
    /// know and takes it: the arm is then a second control.
    /// </summary>
    public bool SkipRanker { get; init; }
}

/// <summary>An arm that an ad was won under.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Arm">Place of the arm among the experiment's.</param>
public readonly record struct WonArm(long Experiment, int Arm);
