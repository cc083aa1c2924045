using System.Collections.Concurrent;

namespace RecallCluster.Serving.State;

/// <summary>
/// The machines of a journal by key: single ones, and families whose members come into being with the first command or snapshot that names
/// them
/// ("campaign/17" is a member of the family "campaign/"). Registered before the journal is opened, used by its writer alone.
/// </summary>
public sealed class StateMachines
{
    private readonly ConcurrentDictionary<string, IStateMachine> _machines = new(StringComparer.Ordinal);
    private readonly List<(string Prefix, Func<string, IStateMachine> Create)> _families = [];

    /// <summary>Registers one machine.</summary>
    /// <exception cref="ArgumentException">The key is taken, or holds a line break.</exception>
    public void Add(string key, IStateMachine machine)
    {
        CheckKey(key);
        ArgumentNullException.ThrowIfNull(machine);
        if (!_machines.TryAdd(key, machine))
            throw new ArgumentException($"There is a machine '{key}' already.", nameof(key));
    }

    /// <summary>Registers a family.</summary>
    /// <param name="prefix">What its members' keys begin with, such as "campaign/".</param>
    /// <param name="create">Makes the member of a key, without memory.</param>
    public void AddFamily(string prefix, Func<string, IStateMachine> create)
    {
        CheckKey(prefix);
        ArgumentNullException.ThrowIfNull(create);
        _families.Add((prefix, create));
    }

    /// <summary>All that have come into being; read on the journal's writer.</summary>
    internal IEnumerable<KeyValuePair<string, IStateMachine>> All => _machines;

    /// <summary>Refuses a key that names no machine.</summary>
    /// <exception cref="ArgumentException">It names none.</exception>
    internal void Require(string key)
    {
        if (!_machines.ContainsKey(key) && !_families.Exists(family => key.StartsWith(family.Prefix, StringComparison.Ordinal)))
            throw new ArgumentException($"There is no state machine '{key}'.", nameof(key));
        CheckKey(key);
    }

    /// <summary>The machine of a key; a new member of its family where there was none.</summary>
    /// <exception cref="InvalidDataException">Nothing is registered under that key.</exception>
    internal IStateMachine Get(string key)
    {
        if (_machines.TryGetValue(key, out IStateMachine? machine))
            return machine;
        foreach ((string prefix, Func<string, IStateMachine> create) in _families)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                return _machines[key] = create(key);
        }
        throw new InvalidDataException($"There is no state machine '{key}' in this program.");
    }

    /// <summary>Applies a record to the machine that it is addressed to.</summary>
    /// <returns>What became of it; of a command that the machine failed at, the failure.</returns>
    /// <exception cref="InvalidDataException">Nothing is registered under its key, or it cannot be read.</exception>
    internal Applied Apply(JournalRecord record)
    {
        IStateMachine machine = Get(record.Key);
        try
        {
            return machine.Apply(record);
        }
        // It fails the same way when it is applied again after a restart; whoever sent it is told.
        catch (Exception e) when (e is not InvalidDataException)
        {
            return new Applied(e, Applied.Failed);
        }
    }

    /// <summary>Lets a machine take note of a record that was addressed to another one.</summary>
    /// <exception cref="InvalidDataException">Nothing is registered under its key, or the record makes no sense to it.</exception>
    internal void Follow(string key, JournalRecord record, byte verdict)
    {
        IStateMachine machine = Get(key);
        try
        {
            machine.Follow(record, verdict);
        }
        // What was checked before it was written is followed without trouble; so the record is not what was written.
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"Journal record {record.Sequence} makes no sense to {key}: {e.Message}", e);
        }
    }

    /// <summary>Gives a machine the memory of a snapshot.</summary>
    /// <exception cref="InvalidDataException">
    /// Nothing is registered under that key, or the bytes are no snapshot of such a machine.
    /// </exception>
    internal void Restore(string key, ReadOnlyMemory<byte> snapshot)
    {
        IStateMachine machine = Get(key);
        try
        {
            machine.Restore(snapshot);
        }
        // Whatever a machine trips over in bytes that it did not write, the file is what is broken.
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"The snapshot of {key} contradicts itself: {e.Message}", e);
        }
    }

    private static void CheckKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.Contains('\n', StringComparison.Ordinal))
            throw new ArgumentException("A key holds no line break.", nameof(key));
    }
}
