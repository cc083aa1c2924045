namespace RecallCluster.Client;

/// <summary>A token bucket of retries: every call puts a part of one in, every retry takes one out. Thread-safe.</summary>
internal sealed class RetryBudget(RetryOptions options)
{
    private const double Scale = 1_000_000;
    private readonly long _perCall = (long)(options.BudgetPerCall * Scale), _capacity = (long)(options.BudgetCapacity * Scale);
    private long _tokens = (long)(options.BudgetCapacity * Scale);

    public void CountCall()
    {
        long seen = Volatile.Read(ref _tokens);
        while (seen < _capacity)
        {
            long was = Interlocked.CompareExchange(ref _tokens, Math.Min(_capacity, seen + _perCall), seen);
            if (was == seen)
                return;
            seen = was;
        }
    }

    public bool TryTake()
    {
        long seen = Volatile.Read(ref _tokens);
        while (seen >= Scale)
        {
            long was = Interlocked.CompareExchange(ref _tokens, seen - (long)Scale, seen);
            if (was == seen)
                return true;
            seen = was;
        }
        return false;
    }
}
