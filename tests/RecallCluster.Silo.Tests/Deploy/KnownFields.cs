namespace RecallCluster.Silo.Tests.Deploy;

/// <summary>
/// The fields that a kind of document may have, as paths: <c>*</c> is any key, <c>[]</c> an item of a list, and what a path ends in is a
/// value. They are those that our documents have, as the kind's reference names them; whoever uses another one looks it up there and
/// adds it here. An engine passes over some that it does not know, or refuses the whole document.
/// </summary>
internal sealed class KnownFields
{
    private const string AnyKey = "*", Item = "[]";

    /// <summary>https://github.com/compose-spec/compose-spec, 05-services.md and the pages of the other elements.</summary>
    public static KnownFields Compose { get; } = new(
        extensions: "x-",
        """
        name
        services.*.build.context
        services.*.build.dockerfile
        services.*.command[]
        services.*.depends_on[]
        services.*.depends_on.*.condition
        services.*.environment.*
        services.*.healthcheck.interval
        services.*.healthcheck.retries
        services.*.healthcheck.test[]
        services.*.healthcheck.timeout
        services.*.image
        services.*.ports[]
        services.*.restart
        services.*.secrets[]
        services.*.stop_grace_period
        services.*.volumes[]
        volumes.*
        secrets.*.file
        """);

    /// <summary>https://prometheus.io/docs/prometheus/latest/configuration/configuration.</summary>
    public static KnownFields Prometheus { get; } = new(
        extensions: null,
        """
        global.scrape_interval
        global.evaluation_interval
        rule_files[]
        scrape_configs[].job_name
        scrape_configs[].metrics_path
        scrape_configs[].static_configs[].targets[]
        """);

    /// <summary>https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules.</summary>
    public static KnownFields Alerts { get; } = new(
        extensions: null,
        """
        groups[].name
        groups[].rules[].alert
        groups[].rules[].expr
        groups[].rules[].for
        groups[].rules[].labels.*
        groups[].rules[].annotations.*
        """);

    /// <summary>https://grafana.com/docs/grafana/latest/administration/provisioning.</summary>
    public static KnownFields Grafana { get; } = new(
        extensions: null,
        """
        apiVersion
        datasources[].name
        datasources[].uid
        datasources[].type
        datasources[].access
        datasources[].url
        datasources[].isDefault
        providers[].name
        providers[].type
        providers[].allowUiUpdates
        providers[].updateIntervalSeconds
        providers[].options.path
        """);

    /// <summary>https://kubectl.docs.kubernetes.io/references/kustomize/kustomization.</summary>
    public static KnownFields Kustomization { get; } = new(
        extensions: null,
        """
        apiVersion
        kind
        labels[].includeSelectors
        labels[].pairs.*
        patches[].path
        patches[].target.kind
        patches[].target.name
        resources[]
        """);

    private readonly Node _root = new();
    private readonly string? _extensions;

    /// <param name="extensions">How keys of the document begin that are anybody's; null for none.</param>
    /// <param name="paths">The fields, a line each.</param>
    public KnownFields(string? extensions, string paths)
    {
        _extensions = extensions;
        foreach (string path in paths.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Node at = _root;
            foreach (string step in path.Replace(Item, $".{Item}", StringComparison.Ordinal).Split('.'))
                at = at.Below.TryGetValue(step, out Node? next) ? next : at.Below[step] = new Node();
        }
    }

    /// <summary>What a document has that it may not have, by its path.</summary>
    public IReadOnlyList<string> ProblemsOf(Yaml document)
    {
        var problems = new List<string>();
        Look(document, _root, problems);
        return problems;
    }

    private void Look(Yaml at, Node known, List<string> problems)
    {
        if (at.IsMap)
        {
            foreach ((string key, Yaml below) in at.Map)
            {
                if (known == _root && _extensions is not null && key.StartsWith(_extensions, StringComparison.Ordinal))
                    continue;
                if (known.Below.TryGetValue(key, out Node? next) || known.Below.TryGetValue(AnyKey, out next))
                    Look(below, next, problems);
                else
                    problems.Add($"{below.Path}: there is no such field");
            }
        }
        else if (at.IsList)
        {
            if (!known.Below.TryGetValue(Item, out Node? next))
                problems.Add($"{at.Path}: no list is wanted");
            else
                at.Items.ToList().ForEach(item => Look(item, next, problems));
        }
        else if (known.Below.Count > 0)
        {
            problems.Add($"{at.Path}: more than a value is wanted");
        }
    }

    private sealed class Node
    {
        public Dictionary<string, Node> Below { get; } = new(StringComparer.Ordinal);
    }
}
