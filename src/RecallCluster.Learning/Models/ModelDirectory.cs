using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Data;
using RecallCluster.Data.Storage;
using RecallCluster.Learning.Files;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// A model on disk: a folder with <c>model.json</c> (<see cref="ModelConfig"/>), <c>model.safetensors</c> (every parameter under its
/// name, in fp32) and, where fields have labels, <c>labels.tsv</c> (<see cref="LabelFile"/>). A model trained elsewhere can be served when
/// it is written in this form.
/// </summary>
public static class ModelDirectory
{
    /// <summary>File name of the configuration.</summary>
    public const string ConfigFile = "model.json";

    /// <summary>File name of the weights.</summary>
    public const string WeightsFile = "model.safetensors";

    private static readonly JsonSerializerOptions JsonFormat = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>
    /// Writes the model, making the folder when it is not there. Weights first, so that a configuration never lacks them.
    /// </summary>
    /// <exception cref="IOException">A file could not be written completely; it is as before.</exception>
    public static void Save(string folder, IAdModel model)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(model);
        Directory.CreateDirectory(folder);
        ParameterFile.Save(Path.Combine(folder, WeightsFile), model.Parameters);
        File.Delete(Path.Combine(folder, LabelFile.FileName));
        LabelFile.Write(
            folder, Array.ConvertAll(model.Config.ItemFields, field => field.ToField()),
            Array.ConvertAll(model.Config.UserFields, field => field.ToField()));
        AtomicFile.Write(Path.Combine(folder, ConfigFile), JsonSerializer.SerializeToUtf8Bytes(model.Config, JsonFormat));
    }

    /// <summary>Reads the configuration, with the labels of its fields.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is not valid; the message names the file and the field.</exception>
    public static ModelConfig LoadConfig(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
            throw new FileNotFoundException($"'{folder}' is no model directory: there is no {ConfigFile}.", path);
        try
        {
            ModelConfig config = JsonSerializer.Deserialize<ModelConfig>(File.ReadAllBytes(path), JsonFormat)
                ?? throw new InvalidDataException($"{path}: the file holds null where a model's configuration is wanted.");
            config.Validate();
            return WithLabels(folder, config);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"{path}, line {(exception.LineNumber ?? 0) + 1}, field '{exception.Path ?? "$"}': {exception.Message}", exception);
        }
        catch (InvalidDataException exception) when (!exception.Message.StartsWith(folder, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path}: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a model.</summary>
    /// <exception cref="FileNotFoundException">The configuration or the weights are not there.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is broken, or the weights do not fit the configuration; the message says where.
    /// </exception>
    public static IAdModel Load(string folder)
    {
        ModelConfig config = LoadConfig(folder);
        string path = Path.Combine(folder, WeightsFile);
        if (!File.Exists(path))
            throw new FileNotFoundException($"Model directory '{folder}' has no {WeightsFile}.", path);
        IAdModel model = Create(config, new SeededRandom(0));
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        ParameterFile.Load(file, model.Parameters);
        return model;
    }

    private static ModelConfig WithLabels(string folder, ModelConfig config)
    {
        try
        {
            (Field[] items, Field[] users) = LabelFile.Read(folder, Labelled(config.ItemFields), Labelled(config.UserFields));
            return config with { ItemFields = ModelField.From(items), UserFields = ModelField.From(users) };
        }
        catch (InvalidDataException exception) when (!exception.Message.StartsWith(folder, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{folder}: {exception.Message}", exception);
        }
    }

    private static IEnumerable<(Field Field, bool Labelled)> Labelled(ModelField[] fields) =>
        fields.Select(field => (field.ToField(), field.Labelled));

    /// <summary>A model of the configured kind with random weights.</summary>
    /// <exception cref="InvalidDataException">The configuration is not usable.</exception>
    public static IAdModel Create(ModelConfig config, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        return config.Kind == ModelKind.Deep ? new DeepAdModel(config, random) : new TwoTowerModel(config, random);
    }
}
