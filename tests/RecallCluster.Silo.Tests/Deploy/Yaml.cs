using System.Globalization;
using RecallCluster.Testing;
using YamlDotNet.RepresentationModel;

namespace RecallCluster.Silo.Tests.Deploy;

/// <summary>A place in a YAML document; what is missing fails the test by its path.</summary>
internal sealed class Yaml
{
    private readonly YamlNode _node;

    private Yaml(YamlNode node, string path) => (_node, Path) = (node, path);

    /// <summary>Where it is: file, document, keys.</summary>
    public string Path { get; }

    /// <summary>All documents of a file of <c>deploy/</c>.</summary>
    public static Yaml[] Documents(params string[] place) => Read(string.Join('/', place), File.ReadAllText(DeployFile(place)));

    /// <summary>All documents of a text.</summary>
    public static Yaml[] Read(string name, string text)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(text);
        // Anchors and merges as compose has them.
        stream.Load(new YamlDotNet.Core.MergingParser(new YamlDotNet.Core.Parser(reader)));
        return [.. stream.Documents.Select((document, i) => new Yaml(
            document.RootNode, string.Create(CultureInfo.InvariantCulture, $"{name}[{i}]")))];
    }

    /// <summary>A file of <c>deploy/</c>, which must be there.</summary>
    public static string DeployFile(params string[] place)
    {
        string file = System.IO.Path.Combine([Repository.TryFind()!.FullName, "deploy", .. place]);
        Assert.True(File.Exists(file) || Directory.Exists(file), $"There is no {file}.");
        return file;
    }

    /// <summary>What stands at a path of keys with dots between; it must be there.</summary>
    public Yaml this[string path] => Find(path) ?? throw new Xunit.Sdk.XunitException($"{Path} has no {path}.");

    /// <summary>The value as text.</summary>
    public string Text => _node is YamlScalarNode { Value: { } value } ? value : throw new Xunit.Sdk.XunitException($"{Path} is no value.");

    public bool IsMap => _node is YamlMappingNode;

    public bool IsList => _node is YamlSequenceNode;

    public int Whole => int.Parse(Text, CultureInfo.InvariantCulture);

    public IReadOnlyList<Yaml> Items => _node is YamlSequenceNode list
        ? [.. list.Children.Select((item, i) => new Yaml(item, string.Create(CultureInfo.InvariantCulture, $"{Path}[{i}]")))]
        : throw new Xunit.Sdk.XunitException($"{Path} is no list.");

    public IReadOnlyDictionary<string, Yaml> Map => _node is YamlMappingNode map
        ? map.Children.ToDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => new Yaml(pair.Value, $"{Path}.{pair.Key}"))
        : throw new Xunit.Sdk.XunitException($"{Path} is no map.");

    /// <summary>What stands at a path; null for nothing.</summary>
    public Yaml? Find(string path)
    {
        Yaml at = this;
        foreach (string key in path.Split('.'))
        {
            if (at._node is not YamlMappingNode || !at.Map.TryGetValue(key, out Yaml? next))
                return null;
            at = next;
        }
        return at;
    }

    /// <summary>The items of a list that may be missing.</summary>
    public IReadOnlyList<Yaml> ItemsOr(string path) => Find(path)?.Items ?? [];
}
