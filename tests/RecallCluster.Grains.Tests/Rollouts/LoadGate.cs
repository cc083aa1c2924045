using RecallCluster.Grains.Contracts;

namespace RecallCluster.Grains.Tests.Rollouts;

/// <summary>Keeps replicas from being told to load a version for as long as it is closed.</summary>
internal sealed class LoadGate : IOutgoingGrainCallFilter
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _opened;
    private int _held;

    /// <summary>Calls that were held since it was closed.</summary>
    public int Held
    {
        get
        {
            lock (_lock)
                return _held;
        }
    }

    /// <summary>From now on calls wait.</summary>
    public void Close()
    {
        lock (_lock)
            (_opened, _held) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
    }

    /// <summary>They go on.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _opened?.SetResult();
            _opened = null;
        }
    }

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        if (context.InterfaceMethod.Name == nameof(IShardGrain.LoadAsync) && context.InterfaceMethod.DeclaringType == typeof(IShardGrain)
            && WaitsFor() is { } opened)
            await opened;
        await context.Invoke();
    }

    private Task? WaitsFor()
    {
        lock (_lock)
        {
            if (_opened is not null)
                _held++;
            return _opened?.Task;
        }
    }
}
