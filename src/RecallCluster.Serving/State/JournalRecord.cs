using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RecallCluster.Serving.State;

/// <summary>One command in the journal.</summary>
/// <param name="sequence">Its place, from 1.</param>
/// <param name="key">The machine that it is addressed to.</param>
/// <param name="followers">Machines that it concerns too.</param>
/// <param name="payload">The command, as JSON.</param>
public sealed class JournalRecord(long sequence, string key, IReadOnlyList<string> followers, ReadOnlyMemory<byte> payload)
{
    private object? _command;

    /// <summary>Its place in the journal, from 1 without gaps.</summary>
    public long Sequence => sequence;

    /// <summary>The machine that it is addressed to.</summary>
    public string Key => key;

    /// <summary>Machines that it concerns too.</summary>
    public IReadOnlyList<string> Followers => followers;

    /// <summary>The command as it was written.</summary>
    public ReadOnlyMemory<byte> Payload => payload;

    /// <summary>The same command at its place in the log, where that was not known when it was read.</summary>
    internal JournalRecord At(long place) => new(place, key, followers, payload) { _command = _command };

    /// <summary>The command, read once for all machines. Fields that this program does not know are passed over.</summary>
    /// <exception cref="InvalidDataException">The payload is no such command.</exception>
    public T Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        if (_command is T command)
            return command;
        try
        {
            T read = JsonSerializer.Deserialize(payload.Span, type) ?? throw new InvalidDataException("the JSON says null");
            _command = read;
            return read;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidDataException)
        {
            throw new InvalidDataException($"Journal record {sequence} for {key} cannot be read: {e.Message}", e);
        }
    }
}
