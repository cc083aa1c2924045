using System.Text;
using System.Text.Json;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Market;

/// <summary>
/// Numbers names in the order in which they come, for good, and counts how often each came: campaigns of a book, gateways and their lives.
/// A command is a name.
/// </summary>
internal sealed class NameList(string key) : IStateMachine
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, (int Number, long Times)> _known = new(StringComparer.Ordinal);

    /// <summary>The names, by number.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The number of a name; -1 for one that never came.</summary>
    public int NumberOf(string name) => _known.TryGetValue(name, out (int Number, long Times) found) ? found.Number : -1;

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record) => new(Take(Encoding.UTF8.GetString(record.Payload.Span)));

    /// <inheritdoc/>
    public byte[] Snapshot() => JsonSerializer.SerializeToUtf8Bytes(
        _names.ConvertAll(name => new NamedTimes(name, _known[name].Times)), GrainsJson.Default.ListNamedTimes);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        try
        {
            foreach (NamedTimes named in JsonSerializer.Deserialize(snapshot.Span, GrainsJson.Default.ListNamedTimes) ?? [])
            {
                _known.Add(named.Name, (_names.Count, named.Times));
                _names.Add(named.Name);
            }
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The snapshot of {key} cannot be read: {e.Message}", e);
        }
    }

    private NameTaken Take(string name)
    {
        if (!_known.TryGetValue(name, out (int Number, long Times) known))
        {
            known = (_names.Count, 0);
            _names.Add(name);
        }
        _known[name] = known with { Times = known.Times + 1 };
        return new NameTaken(known.Number, known.Times + 1);
    }
}

/// <summary>A name's number, and how often it has come.</summary>
internal sealed record NameTaken(int Number, long Times);

/// <summary>A name as the snapshot keeps it.</summary>
internal sealed record NamedTimes(string Name, long Times);
