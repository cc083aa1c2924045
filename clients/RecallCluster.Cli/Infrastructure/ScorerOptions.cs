using System.CommandLine;
using RecallCluster.Serving.Devices;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>The options that say where ads are scored.</summary>
internal sealed class ScorerOptions
{
    private readonly Option<string> _scorer = new("--scorer")
    {
        Description = $"Where ads are scored: {ScorerChoice.Forms}; beyond cpu it wants libtorch (docs/gpu.md).",
        DefaultValueFactory = _ => ScorerChoice.Cpu.ToString(),
        HelpName = "where",
    };

    private readonly Option<string> _precision = OptionKit.Choice(
        "--precision", "What a device holds its tables and products in.", "fp32", "bf16", "fp16");

    private readonly Option<string?> _module = OptionKit.Optional(
        "--module", "TorchScript module that scores in place of the reference model.", "FILE.pt");

    private readonly Option<int?> _requests = OptionKit.OptionalNumber("--batch-requests", "Most requests of a device's batch.", 1, 4_096);
    private readonly Option<int?> _places = OptionKit.OptionalNumber(
        "--hop-places", "Most ads that a hop on the device scores for a request; what does not fit comes later.", 1);

    private readonly Option<int?> _memory = OptionKit.OptionalNumber("--device-memory", "Most MiB of the device for tables.", 1);

    public ScorerOptions() => _scorer.Validators.Add(result =>
    {
        if (result.Tokens.Count == 1 && ScorerChoice.TryParse(result.Tokens[0].Value) is null)
            result.AddError($"--scorer wants {ScorerChoice.Forms}, not {result.Tokens[0].Value}.");
    });

    /// <summary>The options.</summary>
    public Symbol[] All => [_scorer, _precision, _module, _requests, _places, _memory];

    /// <summary>What was chosen; null for the processor itself.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="modelFolder">The model, with which shapes of batches may have come; null for the defaults.</param>
    /// <exception cref="UsageException">An option speaks of a device, and there is none.</exception>
    public DeviceOptions? Read(ParseResult parsed, string? modelFolder)
    {
        ScorerChoice choice = ScorerChoice.TryParse(parsed.GetValue(_scorer)!)!;
        string? module = parsed.GetValue(_module);
        if (choice.Place == ScorerPlace.Cpu)
        {
            return module is null
                ? null
                : throw new UsageException("--module wants a --scorer of libtorch, such as torch-cpu.");
        }
        DeviceBatches batches = modelFolder is null ? new DeviceBatches() : DeviceBatches.Of(modelFolder);
        if (parsed.GetValue(_requests) is { } most)
            batches = batches with { Requests = [.. batches.Requests.Where(shape => shape < most), most] };
        if (parsed.GetValue(_places) is { } places)
            batches = batches with { PlacesPerHop = places };
        return new DeviceOptions
        {
            Scorer = choice,
            Precision = Enum.Parse<ScorerPrecision>(parsed.GetValue(_precision)!, ignoreCase: true),
            ModulePath = module,
            Batches = batches,
            MostTableBytes = parsed.GetValue(_memory) is { } memory ? (long)memory << 20 : null,
        };
    }
}
