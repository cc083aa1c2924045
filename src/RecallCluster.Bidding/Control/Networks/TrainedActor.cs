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
    private static readonly JsonSerializerOptions JsonFormat = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes both files; the JSON last, so that where it is the weights are.</summary>
    /// <param name="stem">Path without extension.</param>
    /// <exception cref="IOException">A file could not be written.</exception>
    public void Save(string stem)
    {
        var writer = new SafeTensorsWriter();
        Network.Save(writer);
        writer.Save(stem + ".safetensors");
        AtomicFile.Write(stem + ".json", JsonSerializer.SerializeToUtf8Bytes(Config, JsonFormat));
    }

    /// <summary>Reads both files.</summary>
    /// <param name="stem">Path without extension.</param>
    /// <exception cref="InvalidDataException">A file is broken; the message names file and place.</exception>
    public static TrainedActor Load(string stem)
    {
        string path = stem + ".json";
        ActorConfig config;
        try
        {
            config = JsonSerializer.Deserialize<ActorConfig>(File.ReadAllBytes(path), JsonFormat)
                ?? throw new InvalidDataException($"{path}: holds no configuration.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
        using SafeTensorsFile file = SafeTensorsFile.Open(stem + ".safetensors");
        return new TrainedActor(config, ActorNetwork.Load(file, config.Widths));
    }
}
