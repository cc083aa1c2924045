using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using RecallCluster.Grains.Hosting;
using RecallCluster.Http;
using RecallCluster.Serving;
using RecallCluster.Silo.Health;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests.Deploy;

/// <summary>What Prometheus and Grafana are told of a cluster: they ask for what a silo really says.</summary>
public sealed partial class WatchingTests
{
    private static readonly Yaml[] s_alerts =
    [
        .. Yaml.Documents("prometheus", "cluster-alerts.yml").Single()["groups"].Items.SelectMany(group => group["rules"].Items),
    ];

    [Fact]
    public void Every_series_and_every_part_that_is_asked_for_exists()
    {
        HashSet<string> exist = Instruments.SeriesOf(
            typeof(HealthDoor).Assembly, typeof(ISiloPart).Assembly, typeof(FrontDoor).Assembly, typeof(AdRetriever).Assembly);
        exist.UnionWith(PromQl.OfOthers);
        string[] expressions = [.. s_alerts.Select(alert => alert["expr"].Text), .. Panels().SelectMany(ExpressionsOf)];

        Assert.Equal([], expressions.SelectMany(PromQl.SeriesIn).Distinct().Where(name => !exist.Contains(name)));
        string[] parts = [.. Parts()];
        Assert.All(
            expressions.SelectMany(expression => MissingPart().Matches(expression))
                .SelectMany(match => match.Groups["parts"].Value.Split('|')),
            part => Assert.Contains(part, parts));
    }

    [Theory]
    [InlineData("recall_silo_missing")]
    [InlineData("recall_silo_members")]
    [InlineData("recall_coverage_bucket")]
    [InlineData("recall_feedback_deferred_total")]
    [InlineData("recall_feedback_stream_waiting")]
    [InlineData("recall_feedback_stream_parked")]
    [InlineData("recall_background_failing")]
    [InlineData("recall_grains_machines_refused_total")]
    [InlineData("recall_grains_asks_failed_total")]
    public void What_a_cluster_can_lack_is_alerted_and_shown(string series)
    {
        Assert.Contains(s_alerts, alert => PromQl.SeriesIn(alert["expr"].Text).Contains(series));
        Assert.Contains(Panels().SelectMany(ExpressionsOf), expression => PromQl.SeriesIn(expression).Contains(series));
    }

    [Fact]
    public void Every_alert_says_what_it_means_and_how_bad_it_is()
    {
        string[] all =
        [
            .. s_alerts.Select(alert => alert["alert"].Text),
            .. Yaml.Documents("prometheus", "alerts.yml").Single()["groups"].Items
                .SelectMany(group => group["rules"].Items).Select(alert => alert["alert"].Text),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(s_alerts, alert =>
        {
            Assert.Matches("^[0-9]+[smh]$", alert["for"].Text);
            Assert.Matches("^(warning|critical)$", alert["labels.severity"].Text);
            Assert.NotEmpty(alert["annotations.summary"].Text);
            Assert.NotEmpty(alert["annotations.description"].Text);
        });
    }

    [Fact]
    public void The_dashboard_has_its_data_and_its_places()
    {
        string source = Yaml.Documents("grafana", "provisioning", "datasources", "prometheus.yml").Single()["datasources"].Items
            .Single()["uid"].Text;
        JsonElement[] panels = Panels();
        var taken = new HashSet<(int X, int Y)>();
        foreach (JsonElement panel in panels)
        {
            string title = panel.GetProperty("title").GetString()!;
            JsonElement place = panel.GetProperty("gridPos");
            (int left, int top) = (Of(place, "x"), Of(place, "y"));
            Assert.InRange(left + Of(place, "w"), 1, 24);
            for (int i = 0; i < Of(place, "w") * Of(place, "h"); i++)
                Assert.True(taken.Add((left + (i % Of(place, "w")), top + (i / Of(place, "w")))), $"{title} lies on another panel.");
            if (panel.GetProperty("type").GetString() != "row")
                Assert.Equal(source, panel.GetProperty("datasource").GetProperty("uid").GetString());
        }
        Assert.Equal(panels.Length, panels.Select(panel => Of(panel, "id")).Distinct().Count());
    }

    [Fact]
    public void Compose_hands_Prometheus_its_alerts()
    {
        string[] mounted =
        [
            .. Yaml.Documents("compose", "compose.yaml").Single()["services.prometheus.volumes"].Items
                .Select(volume => volume.Text.Split(':')[1]),
        ];
        string[] files = [.. Yaml.Documents("compose", "prometheus.yml").Single()["rule_files"].Items.Select(file => file.Text)];
        Assert.Contains("cluster-alerts.yml", files);
        Assert.All(files, file => Assert.Contains($"/etc/prometheus/{file}", mounted));
    }

    [Theory]
    [InlineData("sun(rate(recall_requests_total[5m]))", "sun")]
    [InlineData("sum(rate(recall_requests_total[5m])", "Parentheses")]
    [InlineData("sum(rate(recall_requests_total[5 m]))", "range")]
    [InlineData("up{job=\"x\"", "selector")]
    public void An_expression_that_is_none_is_refused(string expression, string problem) =>
        Assert.Contains(
            problem, Assert.Throws<FormatException>(() => PromQl.SeriesIn(expression)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_misspelt_series_is_seen() =>
        Assert.Equal(
            ["recal_requests_total", "up"],
            PromQl.SeriesIn("sum by (a, b) (rate(recal_requests_total{outcome=\"a(b\"}[5m])) / 2 > max(up) or vector(0)"));

    private static IEnumerable<string> Parts() =>
        ((Type[])[.. typeof(HealthDoor).Assembly.GetTypes(), .. typeof(ISiloPart).Assembly.GetTypes()])
            .Where(type => type.IsClass && typeof(ISiloPart).IsAssignableFrom(type))
            .Select(type => ((ISiloPart)RuntimeHelpers.GetUninitializedObject(type)).Name);

    private static JsonElement[] Panels()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Yaml.DeployFile("grafana", "dashboards", "cluster.json")));
        return [.. dashboard.RootElement.Clone().GetProperty("panels").EnumerateArray()];
    }

    private static IEnumerable<string> ExpressionsOf(JsonElement panel) => panel.TryGetProperty("targets", out JsonElement targets)
        ? targets.EnumerateArray().Select(target => target.GetProperty("expr").GetString()!) : [];

    private static int Of(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    [GeneratedRegex("recall_silo_missing\\{part=~?\"(?<parts>[^\"]+)\"")]
    private static partial Regex MissingPart();
}
