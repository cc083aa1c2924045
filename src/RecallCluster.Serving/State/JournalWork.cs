namespace RecallCluster.Serving.State;

/// <summary>What the writer can be asked for.</summary>
internal enum WorkKind
{
    Append,
    Read,
    Snapshot,
    Meta,
}

/// <summary>Something that waits for the writer.</summary>
internal sealed class JournalWork(WorkKind kind)
{
    public WorkKind Kind => kind;

    public string Key { get; init; } = "";

    public string Value { get; init; } = "";

    public ReadOnlyMemory<byte> Payload { get; init; }

    public IReadOnlyList<string> Followers { get; init; } = [];

    public Func<object?> Function { get; init; } = () => null;

    public TaskCompletionSource<object?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Finish(object? answer)
    {
        if (answer is Exception e)
            Done.TrySetException(e);
        else
            Done.TrySetResult(answer);
    }
}
