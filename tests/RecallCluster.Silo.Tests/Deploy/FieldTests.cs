using k8s;
using YamlDotNet.Core;

namespace RecallCluster.Silo.Tests.Deploy;

/// <summary>No document has a field that its engine does not know: one that is misspelt would be passed over, or refused there.</summary>
public sealed class FieldTests
{
    private const string Kustomization = "kustomization.yaml";

    public static TheoryData<string> Manifests =>
    [
        .. Directory.GetFiles(Yaml.DeployFile("kubernetes"), "*.yaml").Select(file => Path.GetFileName(file)!)
            .Where(file => file != Kustomization).Order(),
    ];

    [Theory]
    [InlineData("compose/compose.yaml")]
    [InlineData("compose/prometheus.yml")]
    [InlineData("compose/tls.yaml")]
    [InlineData("compose/grafana-datasource.yml")]
    [InlineData("grafana/provisioning/dashboards/recallcluster.yml")]
    [InlineData("grafana/provisioning/datasources/prometheus.yml")]
    [InlineData($"kubernetes/{Kustomization}")]
    [InlineData($"kubernetes-tls/{Kustomization}")]
    [InlineData("prometheus/alerts.yml")]
    [InlineData("prometheus/cluster-alerts.yml")]
    [InlineData("prometheus/prometheus.yml")]
    public void A_document_has_known_fields_only(string file) =>
        Assert.Equal([], KindOf(file).ProblemsOf(Yaml.Documents(file.Split('/')).Single()));

    [Theory]
    [InlineData("stop_grace_period:", "stop_grace_periods:", "compose.yaml[0].services.silo-1.stop_grace_periods: there is no such field")]
    [InlineData("condition:", "conditions:", "compose.yaml[0].services.door.depends_on.redis.conditions: there is no such field")]
    [InlineData("[\"CMD\", \"redis-cli\", \"ping\"]", "{ CMD: redis-cli }", "services.redis.healthcheck.test.CMD: there is no such field")]
    [InlineData("image: redis:7.4", "image: [redis:7.4]", "services.redis.image: no list is wanted")]
    [InlineData("    - prometheus", "", "services.grafana.depends_on: more than a value is wanted")]
    public void A_field_of_another_name_or_shape_is_seen_with_its_path(string right, string wrong, string problem)
    {
        string text = File.ReadAllText(Yaml.DeployFile("compose", "compose.yaml"));
        Assert.Contains(right, text, StringComparison.Ordinal);
        Assert.Contains(
            KnownFields.Compose.ProblemsOf(Yaml.Read("compose.yaml", text.Replace(right, wrong, StringComparison.Ordinal)).Single()),
            found => found.EndsWith(problem, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Manifests))]
    public void A_manifest_has_the_fields_of_its_kind_only(string file)
    {
        string text = File.ReadAllText(Yaml.DeployFile("kubernetes", file));
        Assert.Equal(Yaml.Read(file, text).Length, ReadStrictly(text).Count);
    }

    [Theory]
    [InlineData("door.yaml", "maxSurge", "maxSurges")]
    [InlineData("door.yaml", "stabilizationWindowSeconds", "stabilisationWindowSeconds")]
    [InlineData("retrieval.yaml", "podManagementPolicy", "podManagmentPolicy")]
    [InlineData("retrieval.yaml", "publishNotReadyAddresses", "publishNotReadyAddress")]
    [InlineData("control.yaml", "terminationGracePeriodSeconds", "terminationGracePeriod")]
    [InlineData("redis.yaml", "failureThreshold", "failureTreshold")]
    [InlineData("settings.yaml", "accessModes", "accesModes")]
    public void A_misspelt_field_of_a_manifest_is_seen(string file, string right, string wrong)
    {
        string text = File.ReadAllText(Yaml.DeployFile("kubernetes", file));
        YamlException problem = Assert.Throws<YamlException>(
            () => ReadStrictly(text.Replace($"{right}:", $"{wrong}:", StringComparison.Ordinal)));
        Assert.Contains(wrong, problem.Message, StringComparison.Ordinal);
    }

    private static KnownFields KindOf(string file) => file switch
    {
        "compose/compose.yaml" or "compose/tls.yaml" => KnownFields.Compose,
        _ when file.EndsWith(Kustomization, StringComparison.Ordinal) => KnownFields.Kustomization,
        _ when file.EndsWith("alerts.yml", StringComparison.Ordinal) => KnownFields.Alerts,
        _ when file.Contains("grafana", StringComparison.Ordinal) => KnownFields.Grafana,
        _ => KnownFields.Prometheus,
    };

    /// <summary>Reads manifests into the models that are made from Kubernetes' own description of its API.</summary>
    internal static List<object> ReadStrictly(string text) => KubernetesYaml.LoadAllFromString(text, null, strict: true);
}
