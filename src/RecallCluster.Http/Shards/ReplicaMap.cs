using System.Text.Json;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Replicas;

namespace RecallCluster.Http.Shards;

/// <summary>
/// Who answers for each shard, from a file such as
/// <code>
/// { "shards": [ ["local", "http://10.0.0.2:7001"], ["http://10.0.0.2:7002", "http://10.0.0.3:7002"] ] }
/// </code>
/// one list for each shard of the index, by number: "local" for this process, else the address of a `recall shard`.
/// </summary>
public sealed class ReplicaMap : IShardSource
{
    private const string Local = "local";
    private readonly string[][] _shards;
    private readonly ReplicationOptions? _replication;
    private readonly RemoteShardOptions? _remote;
    private readonly TimeProvider _time;

    /// <summary>A map.</summary>
    /// <param name="shards">For each shard "local" or addresses.</param>
    /// <param name="time">The clock.</param>
    /// <param name="replication">How replicas are treated; null for the defaults.</param>
    /// <param name="remote">How processes are reached; null for the defaults.</param>
    /// <exception cref="ArgumentException">There is no shard, one has no replica, or an address is none; the message says
    /// which.</exception>
    public ReplicaMap(
        IReadOnlyList<IReadOnlyList<string>> shards,
        TimeProvider time,
        ReplicationOptions? replication = null,
        RemoteShardOptions? remote = null)
    {
        ArgumentNullException.ThrowIfNull(shards);
        if (shards.Count == 0)
            throw new ArgumentException("shards is empty.", nameof(shards));
        _shards = [.. shards.Select((replicas, number) => CheckedReplicas(replicas, number))];
        _time = time;
        _replication = replication;
        _remote = remote;
    }

    /// <summary>Number of shards.</summary>
    public int Count => _shards.Length;

    /// <summary>A map from a file, or, where there is no such file, from the text itself:
    /// "local,http://10.0.0.2:7001;http://10.0.0.2:7002".</summary>
    /// <exception cref="InvalidDataException">It is no map; the message names the place.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ReplicaMap Of(string fileOrText, TimeProvider time, RemoteShardOptions? remote = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(fileOrText);
        if (File.Exists(fileOrText))
            return Read(fileOrText, time, remote);
        try
        {
            const StringSplitOptions Trim = StringSplitOptions.TrimEntries;
            IEnumerable<string[]> shards =
                fileOrText.Split(';', Trim).Select(s => s.Split(',', Trim | StringSplitOptions.RemoveEmptyEntries));
            return new ReplicaMap([.. shards], time, remote: remote);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"'{fileOrText}' is no file, and as a shard map: {e.Message}", e);
        }
    }

    /// <summary>Reads a map's file.</summary>
    /// <exception cref="InvalidDataException">It is no map; the message names the place.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ReplicaMap Read(string path, TimeProvider time, RemoteShardOptions? remote = null)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("shards", out JsonElement shards))
                throw new InvalidDataException($"{path}: 'shards' is missing.");
            return new ReplicaMap([.. shards.EnumerateArray().Select(ReplicasOf)], time, remote: remote);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}, line {e.LineNumber + 1}: {e.Message}", e);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public bool WantsLocal(int number) => Of(number).Contains(Local);

    /// <inheritdoc/>
    public IShard Resolve(ShardIdentity identity, Shard? local)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (identity.Shards != _shards.Length)
            throw new ArgumentException($"The map is of {_shards.Length} shards; the index has {identity.Shards}.", nameof(identity));
        IReplica[] replicas = [.. Of(identity.Number).Select(address => address == Local
            ? (IReplica)new LocalReplica(local ?? throw new ArgumentNullException(nameof(local)))
            : new RemoteShard(new Uri(address), identity, _remote, _time))];
        return new ReplicatedShard(replicas, _replication, _time, new SeededRandom((ulong)identity.Number + 1));
    }

    private string[] Of(int number) => number < _shards.Length
        ? _shards[number]
        : throw new ArgumentException($"The map is of {_shards.Length} shards; there is no shard {number}.", nameof(number));

    private static string[] ReplicasOf(JsonElement replicas) => [.. replicas.EnumerateArray().Select(r => r.GetString() ?? "")];

    private static string[] CheckedReplicas(IReadOnlyList<string> replicas, int number)
    {
        if (replicas.Count == 0)
            throw new ArgumentException($"shards[{number}] is empty: nobody would answer for it.");
        foreach (string replica in replicas)
        {
            if (replica != Local && !(Uri.TryCreate(replica, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"))
                throw new ArgumentException($"shards[{number}]: '{replica}' is neither \"local\" nor an http address.");
        }
        if (replicas.Distinct().Count() < replicas.Count)
            throw new ArgumentException($"shards[{number}] names a replica twice.");
        return [.. replicas];
    }
}
