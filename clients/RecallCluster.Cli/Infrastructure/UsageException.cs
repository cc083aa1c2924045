namespace RecallCluster.Cli.Infrastructure;

/// <summary>The command line asks for something that makes no sense: exit code 2, one line, no stack trace.</summary>
internal sealed class UsageException(string message) : Exception(message);
