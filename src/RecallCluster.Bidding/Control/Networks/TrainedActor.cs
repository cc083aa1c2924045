using System.Text.Json;
using RecallCluster.Learning.Files;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Control.Networks;

/// <summary>What a trained actor was trained for; stands beside its weights as JSON.</summary>
/// <param name="Controller">Kind of controller: <c>uscb</c> or <c>drlb</c>.</param>
/// <param name="Kpis">Number of KPIs of the campaigns.</param>
/// <param name="Widths">Widths of the network's layers.</param>
/// <param name="Score">Penalised R/R* on the days kept for validation.</param>
public sealed record ActorConfig(string Controller, int Kpis, IReadOnlyList<int> Widths, double Score);

/// <summary>A trained network with what it is for, kept as <c>NAME.safetensors</c> and <c>NAME.json</c>.</summary>
/// <param name="Config">What it is for.</param>
/// <param name="Network">The network.</param>
public sealed record TrainedActor(ActorConfig Config, ActorNetwork Network)
{
    /// <summary>What the name of an actor's JSON ends with.</summary>
    public const string ConfigExtension = ".json";

    /// <summary>What the name of its weights' file ends with.</summary>
    public const string WeightsExtension = ".safetensors";

    private static readonly JsonSerializerOptions JsonFormat = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes both files; the JSON last, so that where it is the weights are.</summary>
    /// <param name="stem">Path without extension.</param>
    /// <exception cref="IOException">A file could not be written.</exception>
    public void Save(string stem)
    {
        var writer = new SafeTensorsWriter();
        Network.Save(writer);
        writer.Save(stem + WeightsExtension);
        AtomicFile.Write(stem + ConfigExtension, JsonSerializer.SerializeToUtf8Bytes(Config, JsonFormat));
    }

    /// <summary>Reads both files.</summary>
    /// <param name="stem">Path without extension.</param>
    /// <exception cref="InvalidDataException">A file is broken; the message names file and place.</exception>
    public static TrainedActor Load(string stem)
    {
        string path = stem + ConfigExtension;
        ActorConfig config = ReadConfig(path, File.ReadAllBytes(path));
        using SafeTensorsFile file = SafeTensorsFile.Open(stem + WeightsExtension);
        return new TrainedActor(config, ActorNetwork.Load(file, config.Widths));
    }

    /// <summary>Reads both files from memory.</summary>
    /// <param name="stem">What messages call them, without extension.</param>
    /// <param name="config">The JSON.</param>
    /// <param name="weights">The weights.</param>
    /// <exception cref="InvalidDataException">A file is broken; the message names file and place.</exception>
    public static TrainedActor Read(string stem, ReadOnlyMemory<byte> config, ReadOnlyMemory<byte> weights)
    {
        ActorConfig read = ReadConfig(stem + ConfigExtension, config.Span);
        using var file = SafeTensorsFile.Of(stem + WeightsExtension, weights);
        return new TrainedActor(read, ActorNetwork.Load(file, read.Widths));
    }

    private static ActorConfig ReadConfig(string path, ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<ActorConfig>(json, JsonFormat)
                ?? throw new InvalidDataException($"{path}: holds no configuration.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}
