using System.Globalization;
using System.Xml.Linq;
using RecallCluster.Cli.Plots;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Tests;

public class PlotTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void A_chart_is_valid_xml_with_every_series_point_and_name()
    {
        XElement chart = Draw(
            AxisScale.Logarithmic,
            new ChartSeries("guided <ours> & \"co\"", [new(0.005, 0.7), new(0.01, 0.9, "ef 200"), new(0.05, 0.97)]),
            new ChartSeries("two-tower", [new(1, 0.6)]));

        Assert.Equal("Recall & scored fraction", chart.Element(Svg + "title")!.Value);
        Assert.Equal(4, Dots(chart).Length);
        Assert.Contains("guided <ours> & \"co\"", chart.Elements(Svg + "text").Select(t => t.Value));
        Assert.Contains("scored fraction [%]", chart.Elements(Svg + "text").Select(t => t.Value));
        Assert.Contains(chart.Descendants(Svg + "title"), t => t.Value.Contains("ef 200", StringComparison.Ordinal));
        Assert.Contains("prefers-color-scheme:dark", chart.Element(Svg + "style")!.Value);
    }

    [Fact]
    public void Points_stand_where_their_values_say()
    {
        XElement chart = Draw(AxisScale.Linear, new ChartSeries("s", [new(0, 0), new(5, 1), new(10, 0.5)]));

        (double X, double Y)[] dots = Dots(chart);

        Assert.Equal((dots[0].X + dots[2].X) / 2, dots[1].X, 1);
        Assert.Equal((dots[0].Y + dots[1].Y) / 2, dots[2].Y, 1);
        Assert.True(dots[1].Y < dots[0].Y, "larger values stand higher");
    }

    [Fact]
    public void On_a_logarithmic_axis_equal_ratios_are_equal_distances()
    {
        XElement chart = Draw(AxisScale.Logarithmic, new ChartSeries("s", [new(0.001, 0), new(0.01, 1), new(0.1, 2)]));

        (double X, double Y)[] dots = Dots(chart);

        Assert.Equal(dots[1].X - dots[0].X, dots[2].X - dots[1].X, 1);
    }

    [Fact]
    public void A_logarithmic_axis_refuses_what_it_cannot_show() =>
        Assert.Throws<ArgumentException>(() => Draw(AxisScale.Logarithmic, new ChartSeries("s", [new(0, 1)])));

    [Fact]
    public void Charts_without_points_or_with_one_value_are_drawn_too()
    {
        Assert.Empty(Dots(Draw(AxisScale.Linear)));
        Assert.Empty(Dots(Draw(AxisScale.Linear, new ChartSeries("s", [new(double.NaN, 1), new(1, double.PositiveInfinity)]))));
        Assert.Equal(2, Dots(Draw(AxisScale.Linear, new ChartSeries("s", [new(3, 0), new(3, 0)]))).Length);
        Assert.Single(Dots(Draw(AxisScale.Logarithmic, new ChartSeries("s", [new(1, 7)]))));
    }

    [Theory]
    [InlineData(AxisScale.Linear)]
    [InlineData(AxisScale.Logarithmic)]
    public void Ticks_are_round_ascending_few_and_span_the_data(object scale)
    {
        var random = new SeededRandom(3);
        for (int round = 0; round < 2_000; round++)
        {
            double[] values = [.. Enumerable.Range(0, 1 + random.NextInt(5)).Select(_ => Math.Pow(10, (random.NextDouble() * 12) - 6))];

            AxisTicks axis = AxisTicks.For(values, (AxisScale)scale);

            Assert.InRange(axis.Ticks.Count, 2, 14);
            Assert.Equal(axis.Ticks.Order().Distinct(), axis.Ticks);
            Assert.All(values, v => Assert.InRange(axis.Position(v), -1e-9, 1 + 1e-9));
            Assert.All(axis.Ticks, t => Assert.True(AxisTicks.Label(t).Length <= 7, AxisTicks.Label(t)));
        }
    }

    [Theory]
    [InlineData(0.95, "0.95")]
    [InlineData(20_000, "20k")]
    [InlineData(1_500_000, "1.5M")]
    [InlineData(0, "0")]
    [InlineData(2e-5, "2e-5")]
    [InlineData(-0.5, "-0.5")]
    public void Labels_are_short(double value, string label) => Assert.Equal(label, AxisTicks.Label(value));

    private static XElement Draw(AxisScale x, params ChartSeries[] series) => XElement.Parse(
        SvgLineChart.Draw(new LineChart("Recall & scored fraction", new Axis("scored fraction", "%", x), new Axis("recall"), series)));

    private static (double X, double Y)[] Dots(XElement chart) =>
    [
        .. chart.Descendants(Svg + "circle").Where(c => c.HasElements)
            .Select(c => (Number(c, "cx"), Number(c, "cy"))),
    ];

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
