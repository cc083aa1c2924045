using RecallCluster.Simulation.Traffic;

namespace RecallCluster.AdServer;

/// <summary>Where an ad server asks for ads and tells what became of them. Thread-safe.</summary>
public interface IAdDoor
{
    /// <summary>Asks for the ads of a page.</summary>
    /// <returns>The ads, best position first; empty for none.</returns>
    /// <exception cref="AdDoorException">There was no answer.</exception>
    Task<IReadOnlyList<Delivery>> AskAsync(TrafficRequest request, CancellationToken cancellation);

    /// <summary>Tells of an event, until it is durable or given up.</summary>
    /// <param name="delivery">The ad.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="signals">Signals of an engagement; else empty.</param>
    Task<Acknowledgement> TellAsync(Delivery delivery, PageEvent kind, double[] signals);
}

/// <summary>A door gave no answer.</summary>
/// <param name="message">Why.</param>
/// <param name="inner">What it looked like.</param>
public sealed class AdDoorException(string message, Exception? inner = null) : Exception(message, inner);
