namespace RecallCluster.Serving.State;

/// <summary>
/// Durable state: commands are written down, then applied to the machine that they are addressed to, in one order, by one writer. Memory is
/// never
/// ahead of the disk. Thread-safe.
/// </summary>
public interface IJournal
{
    /// <summary>The life of this process: a persistent counter, one up at each start.</summary>
    long Epoch { get; }

    /// <summary>Whether it takes commands.</summary>
    JournalStatus Status { get; }

    /// <summary>Writes a command down and applies it.</summary>
    /// <param name="key">The machine that it is addressed to.</param>
    /// <param name="payload">The command; must not change afterwards.</param>
    /// <param name="followers">Machines that it concerns too.</param>
    /// <param name="cancellation">Gives up waiting for room in the queue; a command that is in the queue is carried out.</param>
    /// <returns>The machine's answer, once the command is durable and applied.</returns>
    /// <exception cref="IOException">It could not be made durable and was not applied; the message names the file.</exception>
    /// <exception cref="ArgumentException">There is no such machine.</exception>
    /// <exception cref="ObjectDisposedException">The journal is closed.</exception>
    Task<object?> AppendAsync(string key, ReadOnlyMemory<byte> payload, IReadOnlyList<string> followers, CancellationToken cancellation);

    /// <summary>
    /// Runs a function on the writer, between two commands: it may look at any machine. It must be quick and must not change anything.
    /// </summary>
    Task<T> ReadAsync<T>(Func<T> look, CancellationToken cancellation);

    /// <summary>Writes a snapshot of a machine, so that what it no longer holds is no longer in its last snapshot either.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    Task SnapshotAsync(string key, CancellationToken cancellation);

    /// <summary>A named value that was stored beside the machines; null when there is none.</summary>
    string? Meta(string name);

    /// <summary>Stores a named value; durable when the task completes.</summary>
    /// <exception cref="IOException">It could not be made durable.</exception>
    Task SetMetaAsync(string name, string value, CancellationToken cancellation);
}
