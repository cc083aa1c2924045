namespace RecallCluster.Grains.Hosting;

/// <summary>Something on a silo that must be there before requests are answered, such as the market. Thread-safe.</summary>
public interface ISiloPart
{
    /// <summary>Its name, such as "market".</summary>
    string Name { get; }

    /// <summary>What is missing, in words; null when it is ready.</summary>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<string?> MissingAsync(CancellationToken cancellation);
}
