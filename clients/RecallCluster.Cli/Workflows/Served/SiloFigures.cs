using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Workflows;

/// <summary>Grains that are active on some silos.</summary>
/// <param name="ShardReplicas">Replicas of shards.</param>
/// <param name="Campaigns">Campaigns.</param>
internal readonly record struct SiloGrains(int ShardReplicas, int Campaigns);

/// <summary>Asks silos how they are.</summary>
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

    /// <summary>Accepted events that no campaign has taken yet, as some silo knows; null where none answers.</summary>
    public async Task<long?> WaitingAsync(IEnumerable<SiloPlan> silos, CancellationToken cancellation)
    {
        foreach (SiloPlan silo in silos)
        {
            try
            {
                using HttpResponseMessage answer = await _http.GetAsync(new Uri(silo.Health, "readyz"), cancellation).ConfigureAwait(false);
                JsonElement body = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation).ConfigureAwait(false);
                if (body.TryGetProperty("feedback", out JsonElement feedback))
                    return feedback.GetProperty("waiting").GetInt64();
            }
            catch (Exception e) when (IsAway(e, cancellation))
            {
                // The next one may know.
                continue;
            }
        }
        return null;
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
        catch (Exception e) when (IsAway(e, cancellation))
        {
            return default;
        }
    }

    private static bool IsAway(Exception failure, CancellationToken cancellation) =>
        failure is HttpRequestException or JsonException || (failure is TaskCanceledException && !cancellation.IsCancellationRequested);

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
