namespace RecallCluster.Cli.Infrastructure;

/// <summary>Ends the program with an exit code of its own.</summary>
/// <param name="code">What the shell is told.</param>
/// <param name="message">One line that says why; null where all was said already.</param>
internal sealed class ExitException(int code, string? message = null) : Exception(message)
{
    /// <summary>What the shell is told.</summary>
    public int Code => code;

    /// <summary>Whether there is something to say.</summary>
    public bool HasMessage { get; } = message is not null;
}
