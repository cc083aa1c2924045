using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Serving.Hosting;

/// <summary>What an <see cref="EmbeddedHost"/> serves.</summary>
public sealed record EmbeddedHostOptions
{
    /// <summary>Directory of the deep model.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>Index directory, built from that model.</summary>
    public required string IndexDirectory { get; init; }

    /// <summary>The version's name, as answers carry it; null for the model's fingerprint and a number.</summary>
    public string? Name { get; init; }

    /// <summary>Known users, for requests that name their user only; null for none.</summary>
    public UserDirectory? Users { get; init; }

    /// <summary>How many ads that the index does not know may be put in.</summary>
    public NewAds.NewAdOptions NewAds { get; init; } = new();

    /// <summary>The knobs of the search; null for the index's tuned ones, or the defaults where it was not tuned.</summary>
    public GuidedSearchParameters? Parameters { get; init; }

    /// <summary>Who answers for each shard; null for this process alone.</summary>
    public Replicas.IShardSource? Shards { get; init; }

    /// <summary>How much of the index files is checked on opening.</summary>
    public IndexCheck Check { get; init; } = IndexCheck.Graph;
}
