using System.Globalization;
using System.Xml;

namespace RecallCluster.Cli.Plots;

/// <summary>
/// Draws a <see cref="LineChart"/> as one self-contained SVG document: title, axes with round ticks and a grid, a marker a point, a legend.
/// Its colours are readable on white and on dark pages and follow the reader's preference.
/// </summary>
internal static class SvgLineChart
{
    private const double Width = 760, Height = 460, Left = 78, Right = 24, Top = 52, Bottom = 62, LegendRow = 20;

    private const string Namespace = "http://www.w3.org/2000/svg";

    // Okabe and Ito's palette, which people with colour-vision deficiencies can tell apart; the dark variants are lighter.
    private static readonly (string Light, string Dark)[] Palette =
    [
        ("#0072b2", "#56b4e9"), ("#d55e00", "#e69f00"), ("#009e73", "#40d0a0"), ("#a5508a", "#cc79a7"), ("#7a6a00", "#f0e442"),
        ("#555555", "#bbbbbb"),
    ];

    private static readonly string[] Dashes = ["none", "7 3", "2 3"];

    /// <summary>The chart as SVG text.</summary>
    /// <exception cref="ArgumentException">A logarithmic axis is asked to show a value that is not positive.</exception>
    public static string Draw(LineChart chart)
    {
        var points = chart.Series.SelectMany(s => s.Points).Where(IsDrawable).ToArray();
        var canvas = new Canvas(
            AxisTicks.For(points.Select(p => p.X), chart.X.Scale), AxisTicks.For(points.Select(p => p.Y), chart.Y.Scale));
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true }))
        {
            double height = Height + (LegendRow * chart.Series.Count);
            writer.WriteStartElement("svg", Namespace);
            Attributes(
                writer, ("viewBox", Invariant($"0 0 {Width} {height}")), ("width", Invariant($"{Width}")),
                ("height", Invariant($"{height}")), ("role", "img"));
            writer.WriteElementString("title", Namespace, chart.Title);
            writer.WriteElementString("style", Namespace, Style(chart.Series.Count));
            Element(writer, "rect", ("class", "page"), ("width", "100%"), ("height", "100%"));
            Text(writer, chart.Title, "title", Left, 30);
            DrawAxes(writer, chart, canvas);
            for (int i = 0; i < chart.Series.Count; i++)
                DrawSeries(writer, chart.Series[i], i, canvas);
            for (int i = 0; i < chart.Series.Count; i++)
                DrawLegendRow(writer, chart.Series[i].Name, i);
            writer.WriteEndElement();
        }
        return text.ToString() + "\n";
    }

    private static bool IsDrawable(ChartPoint point) => double.IsFinite(point.X) && double.IsFinite(point.Y);

    private static void DrawAxes(XmlWriter writer, LineChart chart, Canvas canvas)
    {
        foreach (double tick in canvas.XAxis.Ticks)
        {
            double x = canvas.X(tick);
            Element(writer, "line", ("class", "grid"), ("x1", N(x)), ("x2", N(x)), ("y1", N(Top)), ("y2", N(Height - Bottom)));
            Text(writer, AxisTicks.Label(tick), "tick", x, Height - Bottom + 18, "middle");
        }
        foreach (double tick in canvas.YAxis.Ticks)
        {
            double y = canvas.Y(tick);
            Element(writer, "line", ("class", "grid"), ("x1", N(Left)), ("x2", N(Width - Right)), ("y1", N(y)), ("y2", N(y)));
            Text(writer, AxisTicks.Label(tick), "tick", Left - 8, y + 4, "end");
        }
        Element(writer, "path", ("class", "axis"), ("d", Invariant($"M{Left} {Top}V{Height - Bottom}H{Width - Right}")));
        Text(writer, chart.X.Title, "label", (Left + Width - Right) / 2, Height - Bottom + 44, "middle");
        double middle = (Top + Height - Bottom) / 2;
        Text(writer, chart.Y.Title, "label", 20, middle, "middle", Invariant($"rotate(-90 20 {middle})"));
    }

    private static void DrawSeries(XmlWriter writer, ChartSeries series, int index, Canvas canvas)
    {
        ChartPoint[] points = [.. series.Points.Where(IsDrawable)];
        writer.WriteStartElement("g", Namespace);
        writer.WriteAttributeString("class", $"s{index}");
        if (points.Length > 1)
            Element(
                writer, "polyline", ("class", "line"),
                ("points", string.Join(' ', points.Select(p => $"{N(canvas.X(p.X))},{N(canvas.Y(p.Y))}"))));
        foreach (ChartPoint point in points)
        {
            writer.WriteStartElement("circle", Namespace);
            Attributes(writer, ("class", "dot"), ("cx", N(canvas.X(point.X))), ("cy", N(canvas.Y(point.Y))), ("r", "3.5"));
            string place = $"{series.Name}: {AxisTicks.Label(Rounded(point.X))}, {AxisTicks.Label(Rounded(point.Y))}";
            writer.WriteElementString("title", Namespace, point.Note is null ? place : $"{place} ({point.Note})");
            writer.WriteEndElement();
        }
        writer.WriteEndElement();
    }

    private static void DrawLegendRow(XmlWriter writer, string name, int index)
    {
        double y = Height + (LegendRow * index);
        writer.WriteStartElement("g", Namespace);
        writer.WriteAttributeString("class", $"s{index}");
        Element(writer, "line", ("class", "line"), ("x1", N(Left)), ("x2", N(Left + 28)), ("y1", N(y - 4)), ("y2", N(y - 4)));
        Element(writer, "circle", ("class", "dot"), ("cx", N(Left + 14)), ("cy", N(y - 4)), ("r", "3.5"));
        writer.WriteEndElement();
        Text(writer, name, "key", Left + 38, y);
    }

    private static string Style(int series)
    {
        IEnumerable<string> Colours(bool dark) => Enumerable.Range(0, series).Select(i =>
        {
            (string light, string darker) = Palette[i % Palette.Length];
            return $".s{i}{{color:{(dark ? darker : light)}}}";
        });
        IEnumerable<string> dashes = Enumerable.Range(0, series).Select(
            i => $".s{i} .line{{stroke-dasharray:{Dashes[i / Palette.Length % Dashes.Length]}}}");
        return string.Join(
            '\n',
            [
                "text{font:12px system-ui,sans-serif;fill:#333}",
                ".title{font-size:16px;font-weight:600}",
                ".page{fill:#fff}.grid{stroke:#ddd}.axis{stroke:#666;fill:none}",
                ".line{fill:none;stroke:currentColor;stroke-width:2}.dot{fill:currentColor}",
                .. Colours(dark: false),
                .. dashes,
                "@media (prefers-color-scheme:dark){",
                "text{fill:#ddd}.page{fill:#16181c}.grid{stroke:#33363c}.axis{stroke:#999}",
                .. Colours(dark: true),
                "}",
            ]);
    }

    private static void Text(
        XmlWriter writer, string text, string style, double x, double y, string anchor = "start", string? transform = null)
    {
        writer.WriteStartElement("text", Namespace);
        Attributes(writer, ("class", style), ("x", N(x)), ("y", N(y)), ("text-anchor", anchor));
        if (transform is not null)
            writer.WriteAttributeString("transform", transform);
        writer.WriteString(text);
        writer.WriteEndElement();
    }

    private static void Element(XmlWriter writer, string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        writer.WriteStartElement(name, Namespace);
        Attributes(writer, attributes);
        writer.WriteEndElement();
    }

    private static void Attributes(XmlWriter writer, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        foreach ((string name, string value) in attributes)
            writer.WriteAttributeString(name, value);
    }

    private static double Rounded(double value) =>
        double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    /// <summary>From data to pixels.</summary>
    private sealed record Canvas(AxisTicks XAxis, AxisTicks YAxis)
    {
        public double X(double value) => Left + (XAxis.Position(value) * (Width - Left - Right));

        public double Y(double value) => Height - Bottom - (YAxis.Position(value) * (Height - Top - Bottom));
    }
}
