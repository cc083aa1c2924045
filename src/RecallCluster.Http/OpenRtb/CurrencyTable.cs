using RecallCluster.Bidding.Money;

namespace RecallCluster.Http.OpenRtb;

/// <summary>Exchange rates to the currency that campaigns are booked in.</summary>
public sealed class CurrencyTable
{
    private const decimal MostCpm = 1_000_000_000;
    private readonly Dictionary<string, decimal> _rates;

    /// <summary>A table.</summary>
    /// <param name="own">The currency that campaigns are booked in, ISO 4217.</param>
    /// <param name="rates">How many units of another currency one unit of our own is.</param>
    /// <exception cref="ArgumentException">A rate is not 0.000001 to a billion, or a code is not three capital letters.</exception>
    public CurrencyTable(string own, IReadOnlyDictionary<string, decimal> rates)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(rates);
        Own = own;
        _rates = new Dictionary<string, decimal>(rates, StringComparer.Ordinal) { [own] = 1 };
        foreach ((string code, decimal rate) in _rates)
        {
            if (code.Length != 3 || !code.All(char.IsAsciiLetterUpper))
                throw new ArgumentException($"'{code}' is no currency code of ISO 4217.", nameof(rates));
            if (rate is < 0.000_001m or > 1_000_000_000)
                throw new ArgumentException($"The rate of {code} is {rate}; rates are 0.000001 to a billion.", nameof(rates));
        }
    }

    /// <summary>The currency that campaigns are booked in.</summary>
    public string Own { get; }

    /// <summary>How many units of a currency one of our own is; null when that is not known.</summary>
    public decimal? RateOf(string currency) => _rates.TryGetValue(currency, out decimal rate) ? rate : null;

    /// <summary>A floor, as the price of a thousand impressions in our currency, rounded up; null when it is beyond all prices.</summary>
    internal static Micros? Floor(double cpm, decimal rate)
    {
        double units = cpm / (double)rate;
        return units >= 0 && units <= (double)MostCpm ? Micros.Ceiling(units * Micros.PerUnit) : null;
    }

    /// <summary>The price of one impression in our currency, from that of a thousand in another; null when it is no price.</summary>
    internal static Micros? PerImpression(decimal cpm, decimal rate)
    {
        if (cpm is < 0 or > MostCpm)
            return null;
        decimal micros = cpm * 1000 / rate;
        return micros <= long.MaxValue ? new Micros(decimal.ToInt64(decimal.Round(micros))) : null;
    }

    /// <summary>The price of a thousand impressions in another currency, from that of one in ours.</summary>
    internal static decimal Cpm(Micros impression, decimal rate) =>
        decimal.Round((decimal)impression.Value / 1000 * rate, 6, MidpointRounding.ToZero);
}
