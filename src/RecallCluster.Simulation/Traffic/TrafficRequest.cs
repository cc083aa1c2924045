namespace RecallCluster.Simulation.Traffic;

/// <summary>Kinds of device in simulated traffic.</summary>
public enum TrafficDevice
{
    /// <summary>A phone.</summary>
    Phone,

    /// <summary>A personal computer.</summary>
    Desktop,

    /// <summary>A tablet.</summary>
    Tablet,

    /// <summary>A television.</summary>
    Television,
}

/// <summary>One request for ads.</summary>
/// <param name="Day">Number of the day.</param>
/// <param name="Number">Place in the day, from 0.</param>
/// <param name="Time">Time of the day.</param>
/// <param name="User">The user's number.</param>
/// <param name="Country">Country, ISO 3166-1 alpha-3; a user's is always the same.</param>
/// <param name="Device">The device.</param>
/// <param name="Publisher">Domain of the page.</param>
/// <param name="Floors">
/// What rivals offer for a thousand impressions in each slot of the page, best slot first, in units of the currency: the slots' floors.
/// </param>
public sealed record TrafficRequest(
    int Day, int Number, TimeSpan Time, int User, string Country, TrafficDevice Device, string Publisher, IReadOnlyList<double> Floors)
{
    /// <summary>How many ads are wanted: one for each slot.</summary>
    public int Slots => Floors.Count;

    /// <summary>Name of the request, unique over all days.</summary>
    public string Id => $"d{Day}-r{Number}";
}
