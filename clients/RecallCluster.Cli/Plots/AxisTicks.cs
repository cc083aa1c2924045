using System.Globalization;

namespace RecallCluster.Cli.Plots;

/// <summary>Where an axis starts and ends, and its ticks: round numbers (1, 2, 5 times a power of ten) that span the data.</summary>
internal sealed class AxisTicks
{
    private const int WantedTicks = 6;

    private readonly AxisScale _scale;

    private AxisTicks(AxisScale scale, double min, double max, double[] ticks)
    {
        _scale = scale;
        Min = min;
        Max = max;
        Ticks = ticks;
    }

    public double Min { get; }

    public double Max { get; }

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis that shows every finite value of <paramref name="values"/>.</summary>
    /// <exception cref="ArgumentException">A logarithmic axis is asked to show a value that is not positive.</exception>
    public static AxisTicks For(IEnumerable<double> values, AxisScale scale)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        if (scale == AxisScale.Logarithmic && finite.Any(v => v <= 0))
            throw new ArgumentException("A logarithmic axis shows positive values only.", nameof(values));
        if (finite.Length == 0)
            finite = scale == AxisScale.Logarithmic ? [1, 10] : [0, 1];
        return scale == AxisScale.Logarithmic ? Logarithmic(finite.Min(), finite.Max()) : Linear(finite.Min(), finite.Max());
    }

    /// <summary>Position of <paramref name="value"/> along the axis: 0 at <see cref="Min"/>, 1 at <see cref="Max"/>.</summary>
    public double Position(double value) => _scale == AxisScale.Logarithmic
        ? (Math.Log10(value) - Math.Log10(Min)) / (Math.Log10(Max) - Math.Log10(Min))
        : (value - Min) / (Max - Min);

    /// <summary>A tick's label, short and exact: 0.95, 20k, 1.5M, 2e-5.</summary>
    public static string Label(double value)
    {
        double size = Math.Abs(value);
        return size switch
        {
            0 => "0",
            >= 1e9 or < 1e-3 => value.ToString("0.##e0", CultureInfo.InvariantCulture),
            >= 1e6 => (value / 1e6).ToString("0.###", CultureInfo.InvariantCulture) + "M",
            >= 1e4 => (value / 1e3).ToString("0.###", CultureInfo.InvariantCulture) + "k",
            _ => value.ToString("0.######", CultureInfo.InvariantCulture),
        };
    }

    private static AxisTicks Linear(double low, double high)
    {
        if (low == high)
        {
            double margin = low == 0 ? 1 : Math.Abs(low) * 0.1;
            (low, high) = (low - margin, high + margin);
        }
        double step = RoundStep((high - low) / WantedTicks);
        long first = (long)Math.Floor((low / step) + 1e-9), last = (long)Math.Ceiling((high / step) - 1e-9);
        // Decimal arithmetic on the last digit keeps 0.3 from becoming 0.30000000000000004.
        int digits = Math.Clamp(1 - (int)Math.Floor(Math.Log10(step)), 0, 15);
        double[] ticks = [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => Math.Round((first + i) * step, digits))];
        return new AxisTicks(AxisScale.Linear, ticks[0], ticks[^1], ticks);
    }

    private static AxisTicks Logarithmic(double low, double high)
    {
        int decades = (int)Math.Ceiling(Math.Log10(high)) - (int)Math.Floor(Math.Log10(low));
        double[] mantissas = decades <= 3 ? [1, 2, 5] : [1];
        int stride = Math.Max(1, decades / 8);
        int from = (int)Math.Floor(Math.Log10(low)), to = (int)Math.Ceiling(Math.Log10(high));
        double[] candidates =
        [
            .. Enumerable.Range(from, to - from + 2)
                .Where(exponent => (exponent - from) % stride == 0)
                .SelectMany(exponent => mantissas.Select(m => double.Parse($"{m}e{exponent}", CultureInfo.InvariantCulture))),
        ];
        double min = candidates.Where(c => c <= low * (1 + 1e-9)).Max();
        double max = candidates.Where(c => c >= high * (1 - 1e-9) && c > min).DefaultIfEmpty(candidates[^1]).Min();
        return new AxisTicks(AxisScale.Logarithmic, min, max, [.. candidates.Where(c => c >= min && c <= max)]);
    }

    private static double RoundStep(double raw)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double mantissa = raw / power;
        return power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
    }
}
