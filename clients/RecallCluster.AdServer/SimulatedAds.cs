using System.Globalization;

namespace RecallCluster.AdServer;

/// <summary>Ids of the simulated world's ads and users, as its data set has them.</summary>
public static class SimulatedAds
{
    private const string AdPrefix = "ad", UserPrefix = "user", SlotPrefix = "slot";

    /// <summary>Id of an ad.</summary>
    public static string AdId(int ad) => string.Create(CultureInfo.InvariantCulture, $"{AdPrefix}{ad}");

    /// <summary>Number of an ad.</summary>
    /// <exception cref="FormatException">It is no ad of a simulated world.</exception>
    public static int NumberOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return int.Parse(id.AsSpan(AdPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Number of a user.</summary>
    /// <exception cref="FormatException">It is no user of a simulated world.</exception>
    public static int UserNumberOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return int.Parse(id.AsSpan(UserPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Id of a page's slot, 0 first.</summary>
    public static string SlotId(int slot) => string.Create(CultureInfo.InvariantCulture, $"{SlotPrefix}{slot}");

    /// <summary>Number of a page's slot.</summary>
    /// <exception cref="FormatException">It is no slot of a simulated page.</exception>
    public static int SlotOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return int.Parse(id.AsSpan(SlotPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Id of a user.</summary>
    public static string UserId(int user) => string.Create(CultureInfo.InvariantCulture, $"{UserPrefix}{user}");
}
