using System.Text.Json.Serialization;

namespace RecallCluster.Serving.Indexes;

/// <summary>What an index directory holds.</summary>
public sealed record IndexManifest
{
    /// <summary>Name of the format, so that another JSON file is not taken for a manifest.</summary>
    public const string FormatName = "recall-index";

    /// <summary>Version of the format that this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary><see cref="FormatName"/>.</summary>
    [JsonRequired]
    public string Format { get; init; } = FormatName;

    /// <summary>Version of the format.</summary>
    [JsonRequired]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Name of the data set whose ads are indexed.</summary>
    public required string Dataset { get; init; }

    /// <summary>Fingerprint of the model whose vectors and records the index holds.</summary>
    public required string ModelFingerprint { get; init; }

    /// <summary>Degree bound of the graphs above layer 0.</summary>
    public required int M { get; init; }

    /// <summary>Width of construction.</summary>
    public required int EfConstruction { get; init; }

    /// <summary>Seed of the graphs.</summary>
    public required ulong Seed { get; init; }

    /// <summary>
    /// From the model's scores to raw click probabilities; null in indexes older than it, whose scores are taken as logits.
    /// </summary>
    public ClickScale? Clicks { get; init; }

    /// <summary>The shards, by number; an ad is on the shard that <see cref="ShardMap"/> says.</summary>
    public required IReadOnlyList<ShardFile> Shards { get; init; }
}

/// <summary>One shard of an index directory.</summary>
/// <param name="File">Name of the file, inside the directory.</param>
/// <param name="Ads">Number of ads.</param>
public sealed record ShardFile(string File, int Ads);
