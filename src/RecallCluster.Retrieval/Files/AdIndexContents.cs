using System.Text.Json;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>What an index file says about itself.</summary>
public sealed record AdIndexMetadata
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true };

    /// <summary>A fingerprint of the model whose vectors and records the index holds; empty when unknown.</summary>
    public string ModelFingerprint { get; init; } = "";

    /// <summary>Anything else worth keeping: build options, tuned search parameters, the data set's name.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="JsonException">The bytes are not metadata.</exception>
    internal static AdIndexMetadata FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<AdIndexMetadata>(json, Json) ?? throw new JsonException("null is not metadata");
}

/// <summary>
/// Everything that goes into an index file: the graph, and per ad, in the order of the graph's ordinals, what belongs to it.
/// </summary>
public sealed record AdIndexContents
{
    /// <summary>
    /// For each ordinal of the file, the ordinal here, so that ads can be renumbered while they are written instead of in memory:
    /// <see cref="Building.LocalityOrder.Find"/> makes searches of the file faster. Null to keep the numbers.
    /// </summary>
    public IReadOnlyList<int>? Order { get; init; }

    /// <summary>The graph over the ads; its count is the number of ads.</summary>
    public required HnswGraph Graph { get; init; }

    /// <summary>Components of a target vector.</summary>
    public required int Dim { get; init; }

    /// <summary>Target vectors, ads x <see cref="Dim"/> floats.</summary>
    public required NativeBlock<float> Vectors { get; init; }

    /// <summary>External ids, one per ad; unique, none empty.</summary>
    public required IReadOnlyList<string> Ids { get; init; }

    /// <summary>Floats of a folded record; 0 when there are none.</summary>
    public int RecordLength { get; init; }

    /// <summary>Folded records, ads x <see cref="RecordLength"/> floats; null when there are none.</summary>
    public NativeBlock<float>? Records { get; init; }

    /// <summary>The scorer's weights in a form that the scorer knows; empty when they are elsewhere.</summary>
    public ReadOnlyMemory<byte> ScorerWeights { get; init; }

    /// <summary>What the file says about itself.</summary>
    public AdIndexMetadata Metadata { get; init; } = new();
}
