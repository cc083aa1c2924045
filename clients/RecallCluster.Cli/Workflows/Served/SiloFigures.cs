using System.Globalization;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Workflows;

/// <summary>Grains that are active on some silos.</summary>
/// <param name="ShardReplicas">Replicas of shards.</param>
/// <param name="Campaigns">Campaigns.</param>
internal readonly record struct SiloGrains(int ShardReplicas, int Campaigns);

/// <summary>Asks silos, by their metrics, which grains they hold.</summary>
internal sealed class SiloFigures : IDisposable
{
    private const string Family = "orleans_grains{";

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>What some silos hold together; one that does not answer holds nothing.</summary>
    public async Task<SiloGrains> OfAsync(IEnumerable<SiloPlan> silos, CancellationToken cancellation)
    {
        SiloGrains[] each = await Task.WhenAll(silos.Select(silo => OfAsync(silo.Health, cancellation))).ConfigureAwait(false);
        return new SiloGrains(each.Sum(silo => silo.ShardReplicas), each.Sum(silo => silo.Campaigns));
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The grains that a text of metrics tells of.</summary>
    internal static SiloGrains Parse(string metrics) => new(CountOf(metrics, "ShardGrain"), CountOf(metrics, "CampaignGrain"));

    private async Task<SiloGrains> OfAsync(Uri health, CancellationToken cancellation)
    {
        try
        {
            return Parse(await _http.GetStringAsync(new Uri(health, "metrics"), cancellation).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return default;
        }
    }

    // orleans_grains{type="RecallCluster.Grains.Shards.ShardGrain,RecallCluster.Grains"} 2
    private static int CountOf(string metrics, string grain)
    {
        double count = 0;
        foreach (ReadOnlySpan<char> line in metrics.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(Family, StringComparison.Ordinal) && line.Contains($".{grain},", StringComparison.Ordinal))
                count += double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }
        return (int)count;
    }
}
