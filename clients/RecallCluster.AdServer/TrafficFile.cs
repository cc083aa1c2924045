using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Numerics;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.AdServer;

/// <summary>All that an ad server must know to play the traffic of a world: the options that both are drawn from.</summary>
/// <param name="World">The world.</param>
/// <param name="Traffic">The traffic on it.</param>
public sealed record TrafficFile(SyntheticWorldOptions World, TrafficOptions Traffic)
{
    /// <summary>Name of the file in a data-set directory.</summary>
    public const string Name = "traffic.json";

    /// <summary>Writes it; it appears only when it is complete.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, TrafficJson.Default.TrafficFile));

    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TrafficFile Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), TrafficJson.Default.TrafficFile)
                ?? throw new InvalidDataException($"{path}: the JSON says null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(TrafficFile))]
internal sealed partial class TrafficJson : JsonSerializerContext;
