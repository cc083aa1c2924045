using System.Diagnostics.Metrics;
using RecallCluster.Http.Metrics;

namespace RecallCluster.Http.Tests;

public class PrometheusTests
{
    [Fact]
    public void Instruments_of_every_kind_are_shown_as_Prometheus_reads_them()
    {
        string name = $"T{Guid.NewGuid():N}";
        using var exposition = new PrometheusExposition([name]);
        using var meter = new Meter(name);
        Counter<long> counter = meter.CreateCounter<long>("shop.sales", "{sale}", "Sales,\nby \\ kind.");
        UpDownCounter<int> open = meter.CreateUpDownCounter<int>("shop.open");
        Histogram<double> wait = meter.CreateHistogram<double>("shop.wait", "s");
        meter.CreateObservableGauge("shop.heat", () => 21.5, "Cel");

        counter.Add(2, new("kind", "a\"b\\c\nd"), new("area", "x"));
        counter.Add(3, new("area", "x"), new("kind", "a\"b\\c\nd"));
        open.Add(5);
        open.Add(-2);
        wait.Record(0.0005);
        wait.Record(0.004);
        wait.Record(99);
        string[] lines = exposition.Write().Split('\n');

        Assert.Contains("# HELP shop_sales_total Sales,\\nby \\\\ kind.", lines);
        Assert.Contains("# TYPE shop_sales_total counter", lines);
        Assert.Contains("shop_sales_total{area=\"x\",kind=\"a\\\"b\\\\c\\nd\"} 5", lines);
        Assert.Contains("# TYPE shop_open gauge", lines);
        Assert.Contains("shop_open 3", lines);
        Assert.Contains("shop_heat 21.5", lines);
        Assert.Contains("shop_wait_seconds_bucket{le=\"0.0005\"} 1", lines);
        Assert.Contains("shop_wait_seconds_bucket{le=\"0.0025\"} 1", lines);
        Assert.Contains("shop_wait_seconds_bucket{le=\"0.005\"} 2", lines);
        Assert.Contains("shop_wait_seconds_bucket{le=\"+Inf\"} 3", lines);
        Assert.Contains("shop_wait_seconds_count 3", lines);
    }

    [Fact]
    public void A_tag_of_endless_values_does_not_fill_the_memory()
    {
        string name = $"T{Guid.NewGuid():N}";
        using var exposition = new PrometheusExposition([name]);
        using var meter = new Meter(name);
        Counter<int> counter = meter.CreateCounter<int>("many");
        for (int i = 0; i < 5_000; i++)
            counter.Add(1, new KeyValuePair<string, object?>("i", i));

        string[] lines = exposition.Write().Split('\n');
        Assert.InRange(lines.Length, 1_000, 1_010);
        Assert.Contains("many_total{overflow=\"true\"} 4000", lines);
    }
}
