using RecallCluster.Data;

namespace RecallCluster.Learning.Models;

/// <summary>
/// Everything that fixes a model's architecture: with it and the weights, scores can be computed. Saved as JSON beside the weights
/// (<see cref="ModelDirectory"/>).
/// </summary>
public sealed record ModelConfig
{
    /// <summary>Version of the saved form that this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Version of the saved form.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The architecture.</summary>
    public ModelKind Kind { get; init; } = ModelKind.Deep;

    /// <summary>Name of the data set that the model was made for.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>Number of ads.</summary>
    public int Items { get; init; }

    /// <summary>Side information of the ads, in column order.</summary>
    public ModelField[] ItemFields { get; init; } = [];

    /// <summary>Profile fields of the users, in column order.</summary>
    public ModelField[] UserFields { get; init; } = [];

    /// <summary>Whether the ads' side information is used, or their ids alone.</summary>
    public bool SideInformation { get; init; } = true;

    /// <summary>Width d of target vectors, queries, keys, values and user vectors.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Width of an ad's id embedding.</summary>
    public int IdWidth { get; init; } = 64;

    /// <summary>Width of the embedding of each side-information field.</summary>
    public int FieldWidth { get; init; } = 32;

    /// <summary>Width of the target network's hidden layer.</summary>
    public int TargetHidden { get; init; } = 128;

    /// <summary>Width of a profile field's embedding, in the transformer over the fields.</summary>
    public int ProfileWidth { get; init; } = 16;

    /// <summary>Heads of that transformer.</summary>
    public int ProfileHeads { get; init; } = 2;

    /// <summary>Width of the hidden layer of a user network (two-tower: the user tower; deep: the interaction row).</summary>
    public int UserHidden { get; init; } = 128;

    /// <summary>First hidden width of the deep model's perceptron, h1.</summary>
    public int Hidden1 { get; init; } = 128;

    /// <summary>Second hidden width, h2.</summary>
    public int Hidden2 { get; init; } = 64;

    /// <summary>Most behaviours of a user that are looked at; of a longer sequence the newest.</summary>
    public int SequenceLimit { get; init; } = 50;

    /// <summary>Whether the last behaviour is an input of its own: for data in time order.</summary>
    public bool LastBehaviour { get; init; }

    /// <summary>The deep model's attention.</summary>
    public AttentionKind Attention { get; init; } = AttentionKind.Linear;

    /// <summary>Whether the deep model has the interaction row r . phi(q), a bilinear path beside the perceptron.</summary>
    public bool InteractionRow { get; init; } = true;

    /// <summary>Whether the deep model looks for the ad's own values in the behaviour sequence (cross features).</summary>
    public bool HistoryMatch { get; init; } = true;

    /// <summary>A configuration for the fields of <paramref name="dataset"/>, all else at its default.</summary>
    public static ModelConfig For(Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return new ModelConfig
        {
            Dataset = dataset.Name,
            Items = dataset.Items.Count,
            ItemFields = ModelField.From(dataset.Items.Fields),
            UserFields = ModelField.From(dataset.Users.Fields),
            LastBehaviour = dataset.Ordered,
        };
    }

    /// <summary>Checks that every value is usable.</summary>
    /// <exception cref="InvalidDataException">One is not; the message names the field and what is wanted.</exception>
    public void Validate()
    {
        if (Version != CurrentVersion)
            throw new InvalidDataException($"Model field 'version' is {Version}; this program reads version {CurrentVersion}.");
        Require(Enum.IsDefined(Kind), "kind", Kind, "deep or twoTower");
        Require(Enum.IsDefined(Attention), "attention", Attention, "linear or softmax");
        Require(Items >= 0, "items", Items, "0 or more");
        (string Name, int Value)[] widths =
        [
            ("width", Width), ("idWidth", IdWidth), ("fieldWidth", FieldWidth), ("targetHidden", TargetHidden),
            ("profileWidth", ProfileWidth),
            ("profileHeads", ProfileHeads), ("userHidden", UserHidden), ("hidden1", Hidden1), ("hidden2", Hidden2),
        ];
        foreach ((string name, int value) in widths)
            Require(value is >= 1 and <= 4096, name, value, "1 to 4096");
        Require(ProfileWidth % ProfileHeads == 0, "profileHeads", ProfileHeads, $"a divisor of profileWidth ({ProfileWidth})");
        Require(SequenceLimit is >= 1 and <= 10_000, "sequenceLimit", SequenceLimit, "1 to 10000");
        RequireTable("items", Items, IdWidth);
        ValidateFields("itemFields", ItemFields, FieldWidth);
        ValidateFields("userFields", UserFields, ProfileWidth);
    }

    /// <summary>Checks that the model can be used with a data set.</summary>
    /// <exception cref="InvalidDataException">
    /// It was made for other ads or other fields; the message names the first difference.
    /// </exception>
    public void RequireFit(Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (dataset.Items.Count != Items)
            throw new InvalidDataException($"The model was made for {Items} ads; data set '{dataset.Name}' has {dataset.Items.Count}.");
        RequireSame("item", ItemFields, dataset.Items.Fields, dataset.Name);
        RequireSame("user", UserFields, dataset.Users.Fields, dataset.Name);
    }

    private static void RequireSame(string side, ModelField[] own, Field[] others, string dataset)
    {
        if (own.Length != others.Length)
            throw new InvalidDataException($"The model was made for {own.Length} {side} fields; data set '{dataset}' has {others.Length}.");
        for (int i = 0; i < own.Length; i++)
            if (own[i].Name != others[i].Name || own[i].Cardinality != others[i].Cardinality)
                throw new InvalidDataException(
                    $"The model's {side} field {i + 1} is '{own[i].Name}' with {own[i].Cardinality} codes; "
                    + $"in data set '{dataset}' it is '{others[i].Name}' with {others[i].Cardinality}.");
            else if (own[i].Labels is { } labels && others[i].Labels is { } theirs
                && labels.AsSpan().CommonPrefixLength(theirs) is int code && code < labels.Length)
                throw new InvalidDataException(
                    $"Code {code} of the {side} field '{own[i].Name}' is '{labels[code]}' for the model; "
                    + $"in data set '{dataset}' it is '{theirs[code]}'.");
    }

    private static void ValidateFields(string name, ModelField[] fields, int width)
    {
        Require(fields != null, name, "null", "a list of fields");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < fields!.Length; i++)
        {
            Require(fields[i] != null && !string.IsNullOrEmpty(fields[i].Name), $"{name}[{i}].name", "empty", "a name");
            Require(fields[i].Cardinality >= 1, $"{name}[{i}].cardinality", fields[i].Cardinality, "1 or more");
            Require(names.Add(fields[i].Name), $"{name}[{i}].name", fields[i].Name, "a name that no other field has");
            RequireTable($"{name}[{i}].cardinality", fields[i].Cardinality, width);
        }
    }

    // An embedding is one tensor, which holds no more.
    private static void RequireTable(string field, int rows, int width) =>
        Require((long)rows * width <= int.MaxValue, field, rows, $"at most {int.MaxValue / width} at a width of {width}");

    private static void Require(bool holds, string field, object value, string wanted)
    {
        if (!holds)
            throw new InvalidDataException($"Model field '{field}' is {value}; {wanted} is wanted.");
    }
}
