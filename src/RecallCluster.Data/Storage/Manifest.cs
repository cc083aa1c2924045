using System.Text.Json;
using System.Text.Json.Serialization;

namespace RecallCluster.Data.Storage;

/// <summary>Contents of <c>dataset.json</c>.</summary>
internal sealed record Manifest(
    [property: JsonRequired] string Format,
    [property: JsonRequired] int Version,
    [property: JsonRequired] string Name,
    [property: JsonRequired] bool Ordered,
    [property: JsonRequired] TableManifest Items,
    [property: JsonRequired] TableManifest Users,
    [property: JsonRequired] int Events)
{
    public const string FileName = "dataset.json";
    public const string FormatName = "recallcluster-dataset";
    public const int CurrentVersion = 1;

    /// <summary>Reads and checks the file.</summary>
    public static Manifest Read(string directory)
    {
        var manifest = JsonFile.Read<Manifest>(directory, FileName);
        if (manifest.Format != FormatName)
            throw new InvalidDataException($"{FileName}: format is '{manifest.Format}', want '{FormatName}'.");
        if (manifest.Version != CurrentVersion)
            throw new InvalidDataException($"{FileName}: version {manifest.Version}; this program reads version {CurrentVersion}.");
        if (manifest.Events < 0)
            throw new InvalidDataException($"{FileName}: events is {manifest.Events}.");
        manifest.Items.Check("items", DatasetChecks.ItemTable);
        manifest.Users.Check("users", DatasetChecks.UserTable);
        return manifest;
    }
}

/// <summary>Size and columns of <c>items.tsv</c> or <c>users.tsv</c>.</summary>
internal sealed record TableManifest([property: JsonRequired] int Count, [property: JsonRequired] FieldManifest[] Fields)
{
    public static TableManifest Of(FeatureTable table) => new(table.Count, Array.ConvertAll(table.Fields, FieldManifest.Of));

    public IEnumerable<(Field Field, bool Labelled)> Labelled() =>
        Fields.Select(field => (new Field(field.Name, field.Cardinality), field.Labelled));

    public void Check(string name, string idColumn)
    {
        var columns = new HashSet<string>(StringComparer.Ordinal) { idColumn };
        if (Count < 0)
            throw new InvalidDataException($"{Manifest.FileName}: {name}.count is {Count}.");
        for (int f = 0; f < Fields.Length; f++)
        {
            if (Fields[f] is null)
                throw new InvalidDataException($"{Manifest.FileName}: {name}.fields[{f}] is null.");
            if (Fields[f].Name.Length == 0 || !columns.Add(Fields[f].Name))
                throw new InvalidDataException($"{Manifest.FileName}: {name}.fields[{f}].name '{Fields[f].Name}' is empty or taken.");
            if (Fields[f].Cardinality < 1)
                throw new InvalidDataException(
                    $"{Manifest.FileName}: {name}.fields[{f}].cardinality is {Fields[f].Cardinality}; it is at least 1.");
            if (Fields[f].Role != FieldManifest.Categorical)
                throw new InvalidDataException(
                    $"{Manifest.FileName}: {name}.fields[{f}].role is '{Fields[f].Role}', want '{FieldManifest.Categorical}'.");
        }
    }
}

/// <summary>One categorical column.</summary>
internal sealed record FieldManifest(
    [property: JsonRequired] string Name,
    [property: JsonRequired] string Role,
    [property: JsonRequired] int Cardinality,
    [property: JsonRequired] bool Labelled)
{
    public const string Categorical = "categorical";

    public static FieldManifest Of(Field field) => new(field.Name, Categorical, field.Cardinality, field.Labels is not null);
}

/// <summary>Contents of <c>split.json</c>: the rule, and how many events it gave to each part.</summary>
internal sealed record SplitManifest(
    [property: JsonRequired] string Rule,
    [property: JsonRequired] ulong? Seed,
    [property: JsonRequired] int Train,
    [property: JsonRequired] int Validation,
    [property: JsonRequired] int Test)
{
    public const string FileName = "split.json";
}

/// <summary>Reads and writes the JSON files of a data-set directory.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
    };

    public static T Read<T>(string directory, string fileName)
    {
        string path = Path.Combine(directory, fileName);
        if (!File.Exists(path))
            throw new InvalidDataException($"{directory}: {fileName} is missing.");
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Options)
                ?? throw new InvalidDataException($"{fileName}: the file says null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{fileName}, line {error.LineNumber + 1}: {error.Message}", error);
        }
    }

    public static void Write<T>(string directory, string fileName, T value)
    {
        using var stream = new FileStream(Path.Combine(directory, fileName), FileMode.CreateNew, FileAccess.Write);
        JsonSerializer.Serialize(stream, value, Options);
        stream.WriteByte((byte)'\n');
        stream.Flush(flushToDisk: true);
    }
}
