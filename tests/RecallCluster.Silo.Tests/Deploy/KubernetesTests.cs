using System.Text.RegularExpressions;
using RecallCluster.Silo.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests.Deploy;

public sealed partial class KubernetesTests
{
    /// <summary>What stands for the password of the secret.</summary>
    private const string Password = "0123abcd";

    private static readonly string[] s_routes = ["/healthz", "/readyz"];

    /// <summary>Made by hand before the manifests are applied, as their comments say.</summary>
    private static readonly string[] s_secrets = ["recall-keys", "recall-redis", "recall-tls"];

    private static readonly string[] s_files =
        [.. Yaml.Documents("kubernetes", "kustomization.yaml").Single()["resources"].Items.Select(item => item.Text)];

    private static readonly Yaml[] s_all = [.. s_files.SelectMany(file => Yaml.Documents("kubernetes", file))];

    public static TheoryData<string> Workloads => [.. Of("Deployment", "StatefulSet").Select(NameOf)];

    public static TheoryData<string> Silos => [.. Of("Deployment", "StatefulSet").Where(IsSilo).Select(NameOf)];

    [Fact]
    public void All_manifests_are_applied()
    {
        string folder = Yaml.DeployFile("kubernetes");
        Assert.Equal(
            Directory.GetFiles(folder, "*.yaml").Select(Path.GetFileName).Where(name => name != "kustomization.yaml").Order(),
            s_files.Order());
        Assert.All(s_all, manifest => Assert.True(manifest["apiVersion"].Text.Length > 0 && NameOf(manifest).Length > 0));
        Assert.Equal(s_all.Length, s_all.Select(manifest => (manifest["kind"].Text, NameOf(manifest))).Distinct().Count());
    }

    [Theory, MemberData(nameof(Workloads))]
    public void A_workload_selects_its_own_pods_and_mounts_what_there_is(string name)
    {
        Yaml workload = Workload(name), template = workload["spec.template"];
        Assert.True(Matches(workload["spec.selector.matchLabels"], template));
        string[] volumes =
        [
            .. template.ItemsOr("spec.volumes").Select(volume => volume["name"].Text),
            .. workload.ItemsOr("spec.volumeClaimTemplates").Select(NameOf),
        ];
        foreach (Yaml container in template["spec.containers"].Items)
        {
            Assert.All(container["volumeMounts"].Items, mount => Assert.Contains(mount["name"].Text, volumes));
            Assert.NotEmpty(container["resources.requests.cpu"].Text);
            Assert.NotEmpty(container["resources.limits.memory"].Text);
        }
        foreach (Yaml volume in template.ItemsOr("spec.volumes"))
        {
            if (volume.Find("configMap.name") is { } map)
                Assert.Contains(Of("ConfigMap"), other => NameOf(other) == map.Text);
            if (volume.Find("persistentVolumeClaim.claimName") is { } claim)
                Assert.Contains(Of("PersistentVolumeClaim"), other => NameOf(other) == claim.Text);
            if (volume.Find("secret.secretName") is { } secret)
                Assert.Contains(secret.Text, s_secrets);
        }
        if (workload.Find("spec.serviceName") is { } service)
            Assert.Contains(Of("Service"), other => NameOf(other) == service.Text);
    }

    [Theory, MemberData(nameof(Silos))]
    public void A_silo_is_told_what_it_accepts_and_probed_where_it_answers(string name)
    {
        Yaml pod = Workload(name)["spec.template.spec"], container = pod["containers"].Items.Single();
        SiloSettings settings = SettingsOf(container);
        Dictionary<string, int> ports = container["ports"].Items
            .ToDictionary(port => port["name"].Text, port => port["containerPort"].Whole);
        Assert.Equal((settings.SiloPort, settings.GatewayPort), (ports["silo"], ports["client"]));
        Assert.Equal(Port(settings.HealthUrl), ports["health"]);
        Assert.Equal(settings.Node.Has("gateway"), ports.TryGetValue("http", out int http) && http == Port(settings.DoorUrl));
        foreach (string probe in (string[])["startupProbe", "livenessProbe", "readinessProbe"])
        {
            Assert.Contains(container[$"{probe}.httpGet.path"].Text, s_routes);
            Assert.Equal("health", container[$"{probe}.httpGet.port"].Text);
        }
        Assert.Equal("/readyz", container["readinessProbe.httpGet.path"].Text);
        Assert.Equal("/healthz", container["livenessProbe.httpGet.path"].Text);
        int patience = container["startupProbe.periodSeconds"].Whole * container["startupProbe.failureThreshold"].Whole;
        Assert.True(patience > settings.RedisWait.TotalSeconds, "It is killed while it still waits for Redis.");
        double stop = (settings.Notice + settings.DrainTime).TotalSeconds;
        Assert.True(pod["terminationGracePeriodSeconds"].Whole > stop, "It is killed before it can have stopped.");
        Assert.Equal("status.podIP", Environment(container, "silo__address")["valueFrom.fieldRef.fieldPath"].Text);
        Assert.Contains(Of("PodDisruptionBudget"), budget => Matches(budget["spec.selector.matchLabels"], Workload(name)["spec.template"]));
        Assert.True(settings.ListenOnAny);
    }

    [Fact]
    public void Services_and_budgets_select_pods_and_ports_that_there_are()
    {
        foreach (Yaml service in Of("Service"))
        {
            Yaml template = Of("Deployment", "StatefulSet").Select(w => w["spec.template"])
                .Single(t => Matches(service["spec.selector"], t));
            string[] names = [.. template["spec.containers"].Items.SelectMany(c => c["ports"].Items).Select(port => port["name"].Text)];
            Assert.All(service["spec.ports"].Items, port => Assert.Contains(port["targetPort"].Text, names));
        }
        Yaml redis = Of("Service").Single(service => NameOf(service) == "recall-redis");
        SiloSettings any = SettingsOf(Of("StatefulSet").Single(IsSilo)["spec.template.spec.containers"].Items.Single());
        Assert.StartsWith($"{NameOf(redis)}:{redis["spec.ports"].Items.Single()["port"].Text},", any.Redis, StringComparison.Ordinal);
        foreach (Yaml scaler in Of("HorizontalPodAutoscaler"))
        {
            Yaml target = Workload(scaler["spec.scaleTargetRef.name"].Text);
            Assert.Equal(target["kind"].Text, scaler["spec.scaleTargetRef.kind"].Text);
            Assert.Equal(target["apiVersion"].Text, scaler["spec.scaleTargetRef.apiVersion"].Text);
            Assert.True(scaler["spec.minReplicas"].Whole <= scaler["spec.maxReplicas"].Whole);
        }
    }

    [Fact]
    public void Redis_keeps_every_write()
    {
        Yaml container = Workload("recall-redis")["spec.template.spec.containers"].Items.Single();
        string[] arguments = [.. container["args"].Items.Select(item => item.Text)];
        Assert.Equal("always", arguments[Array.IndexOf(arguments, "--appendfsync") + 1]);
        Assert.Equal("yes", arguments[Array.IndexOf(arguments, "--appendonly") + 1]);
        Assert.Equal("noeviction", arguments[Array.IndexOf(arguments, "--maxmemory-policy") + 1]);
        Assert.Contains(container["volumeMounts"].Items, mount => mount["mountPath"].Text == "/data");
    }

    [Fact]
    public void Redis_wants_the_password_that_silos_know()
    {
        Yaml redis = Workload("recall-redis")["spec.template.spec.containers"].Items.Single();
        string[] arguments = [.. redis["args"].Items.Select(item => item.Text)];
        Assert.Equal("$(REDISCLI_AUTH)", arguments[Array.IndexOf(arguments, "--requirepass") + 1]);
        Assert.All(Of("Deployment", "StatefulSet"), workload =>
        {
            Yaml container = workload["spec.template.spec.containers"].Items.Single();
            Yaml password = container["env"].Items.Single(variable => variable.Find("valueFrom.secretKeyRef") is not null);
            Assert.Equal("recall-redis", password["valueFrom.secretKeyRef.name"].Text);
            Assert.Equal("password", password["valueFrom.secretKeyRef.key"].Text);
            if (IsSilo(workload))
                Assert.Equal(Password, ConfigurationOptions.Parse(SettingsOf(container).Redis).Password);
        });
    }

    [Fact]
    public void With_TLS_every_silo_has_certificate_key_and_authority()
    {
        Yaml overlay = Yaml.Documents("kubernetes-tls", "kustomization.yaml").Single(), patch = overlay["patches"].Items.Single();
        Assert.Equal("../kubernetes", overlay["resources"].Items.Single().Text);
        Assert.All(Of("Deployment", "StatefulSet"), workload => Assert.Equal(
            IsSilo(workload),
            Regex.IsMatch(workload["kind"].Text, $"^({patch["target.kind"].Text})$")
                && Regex.IsMatch(NameOf(workload), $"^({patch["target.name"].Text})$")));
        Yaml[] added = [.. Yaml.Documents("kubernetes-tls", patch["path"].Text).Single().Items];
        string[] places = [.. added.Select(one => one["path"].Text)];
        Assert.Equal(5, places.Length);
        // A list that is not there cannot be added to.
        Assert.All(Of("Deployment", "StatefulSet").Where(IsSilo), workload =>
        {
            Yaml pod = workload["spec.template.spec"], container = pod["containers"].Items.Single();
            Assert.NotEmpty(pod["volumes"].Items);
            Assert.NotEmpty(container["volumeMounts"].Items);
            Yaml[] variables = [.. added.Select(one => one["value"]).Where(value => value.Find("value") is not null)];
            Assert.Equal("recall-silo", SettingsOf(container, variables).Tls!.Name);
            Assert.Null(SettingsOf(container).Tls);
            string mount = added.Select(one => one["value"]).Single(value => value.Find("mountPath") is not null)["mountPath"].Text;
            Assert.All(variables, variable => Assert.StartsWith($"{mount}/", variable["value"].Text, StringComparison.Ordinal));
        });
        string secret = added.Select(one => one["value"]).Single(value => value.Find("secret") is not null)["secret.secretName"].Text;
        Assert.Contains(secret, s_secrets);
    }

    [Fact]
    public void The_page_says_how_each_secret_is_made()
    {
        string page = File.ReadAllText(
            Path.Combine(RecallCluster.Testing.Repository.TryFind()!.FullName, "docs", "cluster.md"));
        Assert.All(s_secrets, secret => Assert.Contains($"kubectl create secret generic {secret} ", page, StringComparison.Ordinal));
    }

    private static IEnumerable<Yaml> Of(params string[] kinds) => s_all.Where(manifest => kinds.Contains(manifest["kind"].Text));

    private static Yaml Workload(string name) => Of("Deployment", "StatefulSet").Single(workload => NameOf(workload) == name);

    private static string NameOf(Yaml manifest) => manifest["metadata.name"].Text;

    private static bool IsSilo(Yaml workload) => workload["spec.template.spec.containers"].Items
        .Any(container => container["image"].Text.StartsWith("recallcluster/", StringComparison.Ordinal));

    private static bool Matches(Yaml labels, Yaml template) =>
        labels.Map.All(label => template["metadata.labels"].Find(label.Key)?.Text == label.Value.Text);

    private static Yaml Environment(Yaml container, string key) =>
        container["env"].Items.Single(variable => variable["name"].Text == $"RECALL_SILO_{key}");

    private static SiloSettings SettingsOf(Yaml container, params Yaml[] added)
    {
        string json = Of("ConfigMap").Single()["data"].Map["silo.json"].Text;
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Yaml variable in (Yaml[])[.. container["env"].Items, .. added])
        {
            string value = variable.Find("valueFrom.secretKeyRef") is not null ? Password
                : variable.Find("value")?.Text ?? variable["valueFrom.fieldRef.fieldPath"].Text;
            // Variables may name those before them.
            known[variable["name"].Text] = Reference().Replace(value, match => known[match.Groups["name"].Value]);
        }
        return SettingsOfDeployment.Read(json, known.Where(pair => pair.Key != "REDIS_PASSWORD"));
    }

    private static int Port(string url) => new Uri(url.Replace("*", "any", StringComparison.Ordinal)).Port;

    [GeneratedRegex(@"\$\((?<name>[A-Z_]+)\)")]
    private static partial Regex Reference();
}
