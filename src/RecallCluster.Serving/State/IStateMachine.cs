namespace RecallCluster.Serving.State;

/// <summary>
/// State that commands change, in the journal's order, by one writer. What a command does follows from the state and the command alone
/// (time is in
/// the command), so that state and the commands since give the same state again. Machines never do I/O.
/// </summary>
public interface IStateMachine
{
    /// <summary>Applies a command that was addressed to this machine.</summary>
    /// <returns>The answer to whoever sent it, and the verdict that other machines are told.</returns>
    /// <exception cref="InvalidDataException">The command cannot be read.</exception>
    Applied Apply(JournalRecord record);

    /// <summary>Takes note of a command that was addressed to another machine and concerns this one too.</summary>
    /// <param name="record">The command.</param>
    /// <param name="verdict">What the machine that it was addressed to made of it.</param>
    void Follow(JournalRecord record, byte verdict)
    {
    }

    /// <summary>All of its memory as bytes.</summary>
    byte[] Snapshot();

    /// <summary>Takes over the memory of a snapshot; called at most once, before any command.</summary>
    /// <exception cref="InvalidDataException">The bytes are no snapshot of such a machine.</exception>
    void Restore(ReadOnlyMemory<byte> snapshot);
}

/// <summary>What became of a command.</summary>
/// <param name="Answer">The answer; an exception is thrown at whoever sent the command, which then changed nothing.</param>
/// <param name="Verdict">What the machines that follow are told: 0 for a command that was applied.</param>
public readonly record struct Applied(object? Answer, byte Verdict = 0)
{
    /// <summary>The verdict on a command that the machine failed at.</summary>
    public const byte Failed = byte.MaxValue;
}
