using System.Runtime.CompilerServices;
using System.Text.Json;
using RecallCluster.Serving;
using RecallCluster.Testing;

namespace RecallCluster.Http.Tests.Observability;

/// <summary>What deploy/ gives to Prometheus and Grafana can be read by them, and asks for series that exist.</summary>
public class DeployTests
{
    private static readonly string Deploy = Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", "deploy"));

    [Fact]
    public void Prometheus_scrapes_the_metrics_route_and_finds_its_alerts()
    {
        Dictionary<string, object> configuration = Yaml("prometheus/prometheus.yml");

        Dictionary<string, object> job = Mapping(Assert.Single(List(configuration["scrape_configs"])));
        Assert.Equal("/metrics", job["metrics_path"]);
        foreach (object file in List(configuration["rule_files"]))
            Assert.True(File.Exists(Path.Combine(Deploy, "prometheus", (string)file)), (string)file);
        // The alert on a door that is down names the job.
        Assert.Contains(Alerts(), alert => ((string)alert["expr"]).Contains($"job=\"{job["job_name"]}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_alert_says_what_it_means_and_how_bad_it_is()
    {
        List<Dictionary<string, object>> alerts = Alerts();

        Assert.True(alerts.Count >= 5);
        Assert.Equal(alerts.Count, alerts.Select(alert => alert["alert"]).Distinct().Count());
        Assert.All(alerts, alert =>
        {
            Assert.Matches("^[0-9]+[smh]$", (string)alert["for"]);
            Assert.Matches("^(warning|critical)$", (string)Mapping(alert["labels"])["severity"]);
            Assert.NotEmpty((string)Mapping(alert["annotations"])["summary"]);
            Assert.NotEmpty((string)Mapping(alert["annotations"])["description"]);
        });
    }

    [Fact]
    public void Grafana_finds_its_dashboard_and_its_data()
    {
        Dictionary<string, object> sources = Yaml("grafana/provisioning/datasources/prometheus.yml");
        Dictionary<string, object> source = Mapping(Assert.Single(List(sources["datasources"])));
        Dictionary<string, object> providers = Yaml("grafana/provisioning/dashboards/recallcluster.yml");
        Dictionary<string, object> provider = Mapping(Assert.Single(List(providers["providers"])));
        JsonElement[] panels = Panels();

        Assert.Equal("file", provider["type"]);
        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        foreach (JsonElement panel in panels.Where(panel => panel.GetProperty("type").GetString() != "row"))
        {
            Assert.NotEmpty(panel.GetProperty("title").GetString()!);
            Assert.Equal(source["uid"], panel.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.NotEmpty(panel.GetProperty("targets").EnumerateArray());
        }
    }

    [Fact]
    public void No_panel_lies_on_another()
    {
        var taken = new HashSet<(int X, int Y)>();
        foreach (JsonElement panel in Panels())
        {
            JsonElement place = panel.GetProperty("gridPos");
            (int x, int y, int w, int h) = (Int(place, "x"), Int(place, "y"), Int(place, "w"), Int(place, "h"));
            Assert.InRange(x + w, 1, 24);
            for (int row = y; row < y + h; row++)
            {
                for (int column = x; column < x + w; column++)
                    Assert.True(taken.Add((column, row)), $"{panel.GetProperty("title").GetString()} at {column}, {row}");
            }
        }
    }

    [Fact]
    public void Every_series_that_is_asked_for_exists()
    {
        HashSet<string> exist = Instruments.SeriesOf(typeof(FrontDoor).Assembly, typeof(AdRetriever).Assembly);
        exist.UnionWith(PromQl.OfOthers);
        string[] asked = [.. Expressions().SelectMany(PromQl.SeriesIn).Distinct()];

        Assert.True(asked.Length > 10);
        Assert.Equal([], asked.Where(name => !exist.Contains(name)));
    }

    private static IEnumerable<string> Expressions() => Alerts().Select(alert => (string)alert["expr"]).Concat(
        Panels().Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!));

    private static List<Dictionary<string, object>> Alerts() =>
        [.. List(Yaml("prometheus/alerts.yml")["groups"]).SelectMany(group => List(Mapping(group)["rules"])).Select(Mapping)];

    private static JsonElement[] Panels()
    {
        string path = Path.Combine(Deploy, "grafana", "dashboards", "recallcluster.json");
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(path));
        return [.. dashboard.RootElement.Clone().GetProperty("panels").EnumerateArray()];
    }

    private static Dictionary<string, object> Yaml(string file) => PlainYaml.Read(File.ReadAllText(Path.Combine(Deploy, file)));

    private static Dictionary<string, object> Mapping(object value) => Assert.IsType<Dictionary<string, object>>(value);

    private static List<object> List(object value) => Assert.IsType<List<object>>(value);

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
