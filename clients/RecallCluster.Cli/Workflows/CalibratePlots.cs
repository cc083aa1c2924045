using System.Text;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Cli.Plots;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Workflows;

/// <summary>The pictures of calibration: reliability diagram, PCOC by hour, sweeps.</summary>
internal static class CalibratePlots
{
    private const int ReliabilityBins = 15;

    /// <summary>Reliability diagram and, with times, PCOC by hour of a log.</summary>
    public static List<string> OfLog(string folder, CalibrateLog test, IReadOnlyList<(string Method, double[] Values)> calibrated)
    {
        (string, double[])[] drawn = [.. calibrated.Where(c => c.Method is "none" or "platt" or "sir" or "bayes-sir" or "rtw-bsir")];
        List<string> paths = [Reliability(folder, "reliability.svg", "Reliability before and after", test.Labels, drawn)];
        if (test.Hours is not null)
            paths.Add(PcocByHour(folder, "pcoc-by-hour.svg", "PCOC by hour", test.Hours, test.Labels, drawn));
        return paths;
    }

    public static string Reliability(
        string folder, string name, string title, byte[] labels, IReadOnlyList<(string Method, double[] Values)> calibrated)
    {
        var series = new List<ChartSeries>();
        double low = 1, high = 0;
        foreach ((string method, double[] values) in calibrated)
        {
            ReliabilityRow[] rows = [.. ReliabilityTable.EqualFrequency(values, labels, ReliabilityBins).Where(
                row => row.Rate > 0 && row.MeanPrediction > 0)];
            foreach (ReliabilityRow row in rows)
                (low, high) = (
                    Math.Min(low, Math.Min(row.MeanPrediction, row.Rate)), Math.Max(high, Math.Max(row.MeanPrediction, row.Rate)));
            series.Add(new ChartSeries(
                method,
                [.. rows.Select(row => new ChartPoint(row.MeanPrediction, row.Rate, $"{row.Count} rows, {row.Low:G3} to {row.High:G3}"))]));
        }
        if (high > low)
            series.Add(new ChartSeries("right", [new ChartPoint(low, low), new ChartPoint(high, high)]));
        return Save(folder, name, new LineChart(
            title, new Axis("mean prediction", "", AxisScale.Logarithmic), new Axis("observed rate", "", AxisScale.Logarithmic), series));
    }

    public static string PcocByHour(
        string folder, string name, string title, double[] hours, byte[] labels, IReadOnlyList<(string Method, double[] Values)> calibrated)
    {
        double first = Math.Floor(hours.Min());
        ChartSeries[] series =
        [
            .. calibrated.Select(c => new ChartSeries(
                c.Method,
                [.. PcocByPeriod.Series(hours, c.Values, labels, 1).Where(p => double.IsFinite(p.Pcoc)).Select(
                    p => new ChartPoint(p.Period - first, p.Pcoc, $"{p.Positives:F0} positives"))])),
        ];
        return Save(folder, name, new LineChart(title, new Axis("hour of the test", "h"), new Axis("PCOC (1 is right)"), series));
    }

    public static string Save(string folder, string name, LineChart chart)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(SvgLineChart.Draw(chart)));
        return path;
    }
}
