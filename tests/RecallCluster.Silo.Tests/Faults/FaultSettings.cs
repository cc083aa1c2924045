using System.Globalization;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>
/// How thoroughly faults are tried. <c>./recall test</c> tries each once and briefly; <c>./recall test --faults</c> sets
/// <see cref="WhichVariable"/>.
/// </summary>
internal sealed record FaultSettings
{
    /// <summary>"all", or the name of one fault; not there: each once and briefly.</summary>
    public const string WhichVariable = "RECALL_FAULTS";

    /// <summary>The file that figures go to.</summary>
    public const string OutVariable = "RECALL_FAULTS_OUT";

    /// <summary>Requests a second.</summary>
    public const string RateVariable = "RECALL_FAULTS_RATE";

    /// <summary>Whether every fault is tried so often that its figures mean something.</summary>
    public required bool IsThorough { get; init; }

    /// <summary>The faults to try.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>How often each is tried.</summary>
    public required int Turns { get; init; }

    /// <summary>Least requests of each fault, over all turns.</summary>
    public required int Requests { get; init; }

    /// <summary>How long a frozen silo stays so.</summary>
    public required TimeSpan Frozen { get; init; }

    /// <summary>Requests a second.</summary>
    public required double Rate { get; init; }

    /// <summary>Where the figures go; null for nowhere.</summary>
    public string? Out { get; init; }

    /// <summary>As this process was told.</summary>
    public static FaultSettings Current { get; } = Read();

    private static FaultSettings Read()
    {
        string? which = Environment.GetEnvironmentVariable(WhichVariable);
        bool thorough = !string.IsNullOrEmpty(which);
        string[] all = [.. Fault.All.Select(fault => fault.Name)];
        string? rate = Environment.GetEnvironmentVariable(RateVariable);
        return new FaultSettings
        {
            IsThorough = thorough,
            Names = which is null or "" or "all" ? all
                : all.Contains(which) ? [which]
                : throw new InvalidOperationException($"There is no fault '{which}'; there are {string.Join(", ", all)}."),
            Turns = thorough ? 5 : 1,
            Requests = thorough ? 10_000 : 800,
            Frozen = TimeSpan.FromSeconds(thorough ? 60 : 15),
            // Silos, Redis, doors and load share two processors: at twice this rate doors turn requests away while a silo starts.
            Rate = rate is null ? 100 : double.Parse(rate, CultureInfo.InvariantCulture),
            Out = Environment.GetEnvironmentVariable(OutVariable)
                ?? (thorough && Repository.TryFind() is { } repository
                    ? Path.Combine(repository.FullName, "artifacts", "faults.json") : null),
        };
    }
}
