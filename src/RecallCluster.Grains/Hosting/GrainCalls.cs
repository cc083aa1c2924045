namespace RecallCluster.Grains.Hosting;

/// <summary>Calls to grains, with what can go wrong on the way said as Serving's ports say it.</summary>
internal static class GrainCalls
{
    /// <exception cref="IOException">The grain could not be reached, or could not do it now.</exception>
    public static async Task<T> AskAsync<T>(Task<T> call, string what, CancellationToken cancellation)
    {
        await AskAsync((Task)call, what, cancellation).ConfigureAwait(false);
        return await call.ConfigureAwait(false);
    }

    /// <exception cref="IOException">The grain could not be reached, or could not do it now.</exception>
    public static async Task AskAsync(Task call, string what, CancellationToken cancellation)
    {
        try
        {
            await call.WaitAsync(cancellation).ConfigureAwait(false);
        }
        // What a grain cannot read of its state it may read again when that was mended: until then it is as if it were not there.
        catch (Exception e) when (e is OrleansException or TimeoutException or InvalidDataException)
        {
            throw new IOException($"{what} cannot be reached: {e.Message}", e);
        }
    }

    /// <summary>Does what will be done again anyway: that it failed now is counted and nobody's trouble.</summary>
    public static async Task TryAsync(Func<Task> work)
    {
        try
        {
            // Grains go on in their own turns.
            await work().ConfigureAwait(true);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Telemetry.AskFailed(e);
        }
    }
}
