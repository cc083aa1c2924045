using System.CommandLine;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    /// <summary>The name of <see cref="Json"/>.</summary>
    public const string JsonName = "--json";

    public Option<bool> Json { get; } = new(JsonName)
    {
        Description = "Print exactly one JSON document instead of tables.",
        Recursive = true,
    };

    public Option<ulong> Seed { get; } = new("--seed")
    {
        Description = "Seed of everything random; the same seed gives the same result.",
        Recursive = true,
        DefaultValueFactory = _ => 1,
    };
}
