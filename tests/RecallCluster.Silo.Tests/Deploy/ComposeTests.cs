using System.Text.RegularExpressions;
using RecallCluster.Silo.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests.Deploy;

public sealed partial class ComposeTests
{
    /// <summary>What stands for the password that whoever starts it chooses.</summary>
    private const string Password = "0123abcd";

    private static readonly Yaml s_compose = Yaml.Documents("compose", "compose.yaml").Single();
    private static readonly Yaml s_tls = Yaml.Documents("compose", "tls.yaml").Single();

    [Fact]
    public void Three_silos_and_a_door_have_settings_that_a_silo_accepts()
    {
        Dictionary<string, SiloSettings> silos = Silos();
        Assert.Equal(3, silos.Values.Count(silo => silo.Node.Has("retrieval")));
        Assert.Single(silos.Values, silo => silo.Node.Has("gateway"));
        Assert.Equal(silos.Keys, silos.Values.Select(silo => silo.Node.Name));
        Assert.All(silos, silo =>
        {
            Yaml service = s_compose["services"][silo.Key];
            // Others find it by the name that the service has in the network.
            Assert.Equal(silo.Key, service["environment.RECALL_SILO_silo__address"].Text);
            Assert.True(silo.Value.ListenOnAny);
            Assert.StartsWith("http://*:", silo.Value.HealthUrl, StringComparison.Ordinal);
            double stop = (silo.Value.Notice + silo.Value.DrainTime).TotalSeconds;
            Assert.True(int.Parse(service["stop_grace_period"].Text.TrimEnd('s')) > stop, "It is killed before it can have stopped.");
            Assert.Contains($"127.0.0.1/{Port(silo.Value.HealthUrl)}", service["healthcheck.test"].Items[1].Text, StringComparison.Ordinal);
            Assert.Contains("GET /readyz", service["healthcheck.test"].Items[1].Text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_door_is_published_and_wants_keys()
    {
        SiloSettings door = Silos()["door"];
        Yaml service = s_compose["services.door"];
        Assert.Contains($":{Port(door.DoorUrl)}", service["ports"].Items.Single().Text, StringComparison.Ordinal);
        string secret = service["secrets"].Items.Single().Text;
        Assert.Equal($"/run/secrets/{secret}", service["environment.RECALL_SILO_http__keys"].Text);
        Assert.NotNull(s_compose["secrets"].Find(secret));
    }

    [Fact]
    public void Redis_is_where_silos_look_for_it_and_keeps_every_write()
    {
        Yaml redis = s_compose["services.redis"];
        string[] command = [.. redis["command"].Items.Select(item => item.Text)];
        Assert.Equal("always", command[Array.IndexOf(command, "--appendfsync") + 1]);
        Assert.Equal("yes", command[Array.IndexOf(command, "--appendonly") + 1]);
        Assert.Equal("noeviction", command[Array.IndexOf(command, "--maxmemory-policy") + 1]);
        Assert.Contains(redis["volumes"].Items, volume => volume.Text.EndsWith(":/data", StringComparison.Ordinal));
        Assert.All(Silos().Values, silo => Assert.Equal("redis:6379", EndPointOf(silo.Redis)));
    }

    [Fact]
    public void Redis_wants_a_password_which_silos_and_its_own_probe_know()
    {
        Yaml redis = s_compose["services.redis"];
        string[] command = [.. redis["command"].Items.Select(item => Filled(item.Text))];
        Assert.Equal(Password, command[Array.IndexOf(command, "--requirepass") + 1]);
        Assert.Equal(Password, Filled(redis["environment.REDISCLI_AUTH"].Text));
        Assert.All(Silos().Values, silo => Assert.Equal(Password, ConfigurationOptions.Parse(silo.Redis).Password));
        // Without one nothing starts.
        Assert.All(
            s_compose["services"].Map.Values.Select(service => service.Find("environment.RECALL_SILO_cluster__redis")).OfType<Yaml>(),
            place => Assert.Contains("${RECALL_REDIS_PASSWORD:?", place.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void With_TLS_every_silo_has_certificate_key_and_authority()
    {
        Assert.All(Silos().Values, silo => Assert.Null(silo.Tls));
        Dictionary<string, SiloSettings> silos = Silos(s_tls);
        Assert.Equal(s_tls["services"].Map.Keys.Order(), silos.Keys.Order());
        Assert.All(silos, silo =>
        {
            Assert.Equal("recall-silo", silo.Value.Tls!.Name);
            Yaml service = s_tls["services"].Map[silo.Key];
            string[] secrets = [.. service["secrets"].Items.Select(secret => $"/run/secrets/{secret.Text}")];
            Assert.Equal(secrets.Order(), service["environment"].Map.Values.Select(value => value.Text).Order());
            Assert.All(service["secrets"].Items, secret => Assert.NotEmpty(s_tls["secrets"].Map[secret.Text]["file"].Text));
        });
    }

    [Fact]
    public void Every_service_volume_and_file_that_is_named_is_there()
    {
        string folder = Path.GetDirectoryName(Yaml.DeployFile("compose", "compose.yaml"))!;
        foreach ((string name, Yaml service) in s_compose["services"].Map)
        {
            Assert.NotEmpty(service["image"].Text);
            IEnumerable<string> wanted = service.Find("depends_on") is not { } needs ? []
                : needs.IsMap ? needs.Map.Keys : needs.Items.Select(item => item.Text);
            Assert.All(wanted, other => Assert.True(s_compose["services"].Map.ContainsKey(other), $"{name} depends on {other}."));
            foreach (Yaml volume in service.ItemsOr("volumes"))
            {
                string source = volume.Text.Split(':')[0];
                if (source.StartsWith('.'))
                    Assert.True(Path.Exists(Path.Combine(folder, source)), $"{name}: there is no {source}.");
                else if (!source.StartsWith('$'))
                    Assert.True(s_compose["volumes"].Map.ContainsKey(source), $"{name}: there is no volume {source}.");
            }
        }
        Yaml build = s_compose["services.silo-1.build"];
        Assert.True(File.Exists(Path.Combine(folder, build["context"].Text, build["dockerfile"].Text)));
    }

    [Fact]
    public void Prometheus_scrapes_every_silo()
    {
        Yaml job = Yaml.Documents("compose", "prometheus.yml").Single()["scrape_configs"].Items.Single();
        Assert.Equal(
            Silos().Select(silo => $"{silo.Key}:{Port(silo.Value.HealthUrl)}").Order(),
            job["static_configs"].Items.Single()["targets"].Items.Select(target => target.Text).Order());
        Assert.Equal("/metrics", job["metrics_path"].Text);
        // The alerts are about this job.
        string alerts = File.ReadAllText(Yaml.DeployFile("prometheus", "alerts.yml"));
        Assert.Contains($"job=\"{job["job_name"].Text}\"", alerts, StringComparison.Ordinal);
        Yaml source = Yaml.Documents("compose", "grafana-datasource.yml").Single()["datasources"].Items.Single();
        Assert.Equal("http://prometheus:9090", source["url"].Text);
        Assert.Contains(
            $"\"{source["uid"].Text}\"", File.ReadAllText(Yaml.DeployFile("grafana", "dashboards", "recallcluster.json")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_has_the_silo_and_its_ports()
    {
        string[] lines = File.ReadAllLines(Yaml.DeployFile("Dockerfile"));
        var usual = new UsualPorts();
        string exposed = Assert.Single(lines, line => line.StartsWith("EXPOSE", StringComparison.Ordinal));
        Assert.Equal($"EXPOSE {usual.SiloPort} {usual.GatewayPort} {usual.DoorPort} {usual.HealthPort}", exposed);
        string root = RecallCluster.Testing.Repository.TryFind()!.FullName;
        foreach (string copied in lines
            .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')[1..^1]))
            Assert.True(Path.Exists(Path.Combine(root, copied)), $"The image wants {copied}.");
        Assert.Contains("ENTRYPOINT [\"dotnet\", \"RecallCluster.Silo.dll\"]", lines);
    }

    /// <summary>The silos as compose starts them, with what another file lays over it.</summary>
    private static Dictionary<string, SiloSettings> Silos(Yaml? over = null)
    {
        string json = File.ReadAllText(Yaml.DeployFile("compose", "silo.json"));
        return s_compose["services"].Map
            .Where(service => service.Value["image"].Text.StartsWith("recallcluster/", StringComparison.Ordinal))
            .ToDictionary(service => service.Key, service => SettingsOfDeployment.Read(
                json,
                ((Yaml?[])[service.Value, over?["services"].Map[service.Key]]).OfType<Yaml>()
                    .SelectMany(layer => layer["environment"].Map)
                    .Select(variable => KeyValuePair.Create(variable.Key, Filled(variable.Value.Text)))));
    }

    private static string EndPointOf(string redis) => redis.Split(',')[0];

    /// <summary>A value with the password that it wants of the environment.</summary>
    private static string Filled(string value) => Variable().Replace(value, Password);

    private static int Port(string url) => new Uri(url.Replace("*", "any", StringComparison.Ordinal)).Port;

    [GeneratedRegex(@"\$\{RECALL_REDIS_PASSWORD(:\?[^}]*)?\}")]
    private static partial Regex Variable();
}
