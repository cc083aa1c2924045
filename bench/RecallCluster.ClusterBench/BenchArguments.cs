using System.Globalization;
using System.Net;

namespace RecallCluster.ClusterBench;

/// <summary>Arguments of the form <c>--name=value</c>.</summary>
internal sealed class BenchArguments
{
    private readonly Dictionary<string, string> _values;

    /// <exception cref="ArgumentException">One is of another form.</exception>
    public BenchArguments(IEnumerable<string> arguments) => _values = arguments.ToDictionary(
        argument => argument.StartsWith("--", StringComparison.Ordinal) && argument.Contains('=', StringComparison.Ordinal)
            ? argument[2..argument.IndexOf('=', StringComparison.Ordinal)]
            : throw new ArgumentException($"'{argument}' is no --name=value."),
        argument => argument[(argument.IndexOf('=', StringComparison.Ordinal) + 1)..],
        StringComparer.Ordinal);

    /// <summary>Port for silos.</summary>
    public int Port => Number("port");

    /// <summary>Port for clients, which there are none of.</summary>
    public int GatewayPort => Number("gateway-port");

    /// <summary>Where the first silo listens; null where this is the first.</summary>
    public IPEndPoint? Primary => Find("primary") is { } port
        ? new IPEndPoint(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture)) : null;

    /// <summary>Address of Redis; null for none.</summary>
    public string? Redis => Find("redis");

    /// <summary>A text.</summary>
    /// <exception cref="ArgumentException">It is missing.</exception>
    public string Text(string name) => Find(name) ?? throw new ArgumentException($"--{name} is missing.");

    /// <summary>A text; null where it is missing.</summary>
    public string? Find(string name) => _values.GetValueOrDefault(name);

    /// <summary>A whole number.</summary>
    /// <exception cref="ArgumentException">It is missing.</exception>
    public int Number(string name) => int.Parse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>A time in seconds.</summary>
    /// <exception cref="ArgumentException">It is missing.</exception>
    public TimeSpan Seconds(string name) => TimeSpan.FromSeconds(double.Parse(Text(name), CultureInfo.InvariantCulture));
}
