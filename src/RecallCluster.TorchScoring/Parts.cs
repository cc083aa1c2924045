namespace RecallCluster.TorchScoring;

/// <summary>What a constructor has made so far: closed again where it does not come to its end, such as for want of memory.</summary>
internal sealed class Parts : IDisposable
{
    private readonly Stack<IDisposable> _made = new();

    /// <summary>Adds a part.</summary>
    public T Add<T>(T part)
        where T : IDisposable
    {
        _made.Push(part);
        return part;
    }

    /// <summary>All are made: they stay with whoever holds them.</summary>
    public void Keep() => _made.Clear();

    /// <summary>Closes what was made and not kept, the last first.</summary>
    public void Dispose()
    {
        while (_made.TryPop(out IDisposable? part))
            part.Dispose();
    }
}
