using System.Text.Json;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Bidding;

/// <summary>How market prices are spread around their mean: log-normal, or as in a histogram of real winning prices.</summary>
public sealed class PriceShape
{
    private const double LogDeviation = 0.8;
    private const int Quantiles = 1024;

    private readonly double[]? _quantiles;

    private PriceShape(double[]? quantiles) => _quantiles = quantiles;

    /// <summary>Log-normal prices with mean 1 and a logarithm of standard deviation 0.8.</summary>
    public static PriceShape LogNormal { get; } = new(null);

    /// <summary>Prices spread as counted, scaled to mean 1.</summary>
    /// <param name="counts">Number of auctions by price, from price 0 on.</param>
    /// <exception cref="ArgumentException">Nothing was counted above price 0, or a count is negative.</exception>
    public static PriceShape OfHistogram(ReadOnlySpan<double> counts)
    {
        double total = 0, sum = 0;
        for (int price = 0; price < counts.Length; price++)
        {
            if (!(counts[price] >= 0) || double.IsInfinity(counts[price]))
                throw new ArgumentException($"The count of price {price} is {counts[price]}.", nameof(counts));
            total += counts[price];
            sum += counts[price] * price;
        }
        if (!(sum > 0))
            throw new ArgumentException("No price above 0 was counted.", nameof(counts));
        var quantiles = new double[Quantiles];
        double until = 0;
        int at = 0;
        for (int k = 0; k < Quantiles; k++)
        {
            while (at < counts.Length - 1 && until + counts[at] <= (k + 0.5) / Quantiles * total)
                until += counts[at++];
            quantiles[k] = at * total / sum;
        }
        return new PriceShape(quantiles);
    }

    /// <summary>Reads a histogram of iPinYou: JSON with the array <c>price_counter_train</c>.</summary>
    /// <exception cref="InvalidDataException">The file holds no such histogram.</exception>
    public static PriceShape OfIpinyouFile(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return OfHistogram(
                [.. document.RootElement.GetProperty("price_counter_train").EnumerateArray().Select(count => count.GetDouble())]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"{path}: holds no histogram 'price_counter_train': {e.Message}", e);
        }
    }

    /// <summary>A price around 1.</summary>
    public double Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (_quantiles is null)
            return Math.Exp((LogDeviation * random.NextGaussian()) - (LogDeviation * LogDeviation / 2));
        // Half a price of noise, as prices are whole numbers in the histogram and ties would all fall on one side of a bid.
        return _quantiles[random.NextInt(_quantiles.Length)] * (1 + (0.01 * ((2 * random.NextDouble()) - 1)));
    }
}
