namespace RecallCluster.Cli.Plots;

/// <summary>How values become positions along an axis.</summary>
internal enum AxisScale
{
    Linear,
    Logarithmic,
}

/// <summary>One axis: what it shows, its unit (empty for none) and its scale.</summary>
internal sealed record Axis(string Label, string Unit = "", AxisScale Scale = AxisScale.Linear)
{
    public string Title => Unit.Length == 0 ? Label : $"{Label} [{Unit}]";
}

/// <summary>A point of a series; <see cref="Note"/> is shown when the pointer rests on it.</summary>
internal readonly record struct ChartPoint(double X, double Y, string? Note = null);

/// <summary>A named line through points, in the order given.</summary>
internal sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>A line chart.</summary>
internal sealed record LineChart(string Title, Axis X, Axis Y, IReadOnlyList<ChartSeries> Series);
