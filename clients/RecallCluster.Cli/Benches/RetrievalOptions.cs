using RecallCluster.Learning.Models;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;

namespace RecallCluster.Cli.Benches;

/// <summary>What <see cref="RetrievalBench"/> measures.</summary>
internal sealed record RetrievalOptions
{
    /// <summary>Ads of the synthetic world.</summary>
    public int Items { get; init; } = 1_000_000;

    /// <summary>Users of the world, whose clicks train the models.</summary>
    public int Users { get; init; } = 100_000;

    /// <summary>Ads wanted per request.</summary>
    public int K { get; init; } = 1_500;

    /// <summary>Hard limit of scorings per request.</summary>
    public int Scorings { get; init; } = 17_000;

    /// <summary>Test users over which recall is measured; each costs one scoring of every ad.</summary>
    public int EvaluatedUsers { get; init; } = 400;

    /// <summary>Timed requests of each kind of load.</summary>
    public int Requests { get; init; } = 600;

    /// <summary>Most minutes of training for each model.</summary>
    public double TrainMinutes { get; init; } = 10;

    /// <summary>Threads: one request shares them, or as many requests run side by side.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The visited set.</summary>
    public VisitedKind Visited { get; init; }

    /// <summary>Attention of the deep model.</summary>
    public AttentionKind Attention { get; init; } = AttentionKind.Linear;

    /// <summary>
    /// Whether the walk scores records rounded to bfloat16; what it finds is held against scoring every ad in single precision.
    /// </summary>
    public bool Bfloat16 { get; init; }

    /// <summary>
    /// Folder that keeps world, models and index for the next run, which takes them as they are; null for one that is deleted at the end.
    /// </summary>
    public string? Work { get; init; }

    /// <summary>Requests under way at once that are measured too, each number by itself; none by default.</summary>
    public IReadOnlyList<int> InFlight { get; init; } = [];

    /// <summary>The device that serves those requests, with the shapes that a model's directory holds; null for the host.</summary>
    public Func<string, DeviceOptions?> DeviceOf { get; init; } = _ => null;

    /// <summary>Least time that each number of requests under way is measured for.</summary>
    public TimeSpan TimeOfRow { get; init; }

    /// <summary>File that those requests are written to, for a peer; null for none.</summary>
    public string? Export { get; init; }

    /// <summary>Seed of the world, of training and of the choice of users.</summary>
    public ulong Seed { get; init; } = 1;
}
