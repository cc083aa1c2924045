using System.Globalization;
using RecallCluster.Grains.Contracts;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// Where replicas go: as few move as can be, replicas of a shard never share a silo, none goes where it does not fit, and silos with a
/// device are filled first.
/// </summary>
internal static class ShardPlanner
{
    /// <summary>The name of a replica's place in a plan.</summary>
    public static string PlaceOf(int shard, int replica) => string.Create(CultureInfo.InvariantCulture, $"{shard}/{replica}");

    /// <summary>The silo of a replica.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="replica">The replica.</param>
    /// <param name="candidates">The silos that are there.</param>
    /// <param name="silos">The plan: silo by place; it may name silos that are gone.</param>
    /// <param name="shardBytes">Bytes of a shard.</param>
    /// <exception cref="InvalidOperationException">It fits nowhere; the message says why.</exception>
    public static string Choose(
        int shard, int replica, IReadOnlyList<SiloCandidate> candidates, IReadOnlyDictionary<string, string> silos, long shardBytes)
    {
        string place = PlaceOf(shard, replica), others = $"{shard}/";
        Dictionary<string, int> load = candidates.ToDictionary(c => c.Silo, _ => 0);
        var taken = new HashSet<string>();
        foreach ((string of, string silo) in silos)
        {
            if (of == place || !load.TryGetValue(silo, out int count))
                continue;
            load[silo] = count + 1;
            if (of.StartsWith(others, StringComparison.Ordinal))
                taken.Add(silo);
        }
        bool Fits(SiloCandidate c) => shardBytes == 0 || (load[c.Silo] + 1) * (decimal)shardBytes <= c.ShardBytes;
        if (silos.TryGetValue(place, out string? planned) && load.ContainsKey(planned) && !taken.Contains(planned))
            return planned;
        SiloCandidate[] able = [.. candidates.Where(c => !taken.Contains(c.Silo) && Fits(c))];
        return able.Length > 0
            ? able.OrderByDescending(c => c.HasDevice).ThenBy(c => load[c.Silo]).ThenBy(c => c.Silo, StringComparer.Ordinal).First().Silo
            : throw new InvalidOperationException(
                $"Replica {place} fits nowhere: of {candidates.Count} silos {taken.Count} hold another replica of the shard, and the "
                + $"others have no room for {shardBytes} bytes more.");
    }
}
