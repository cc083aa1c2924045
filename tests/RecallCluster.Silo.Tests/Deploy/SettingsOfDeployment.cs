using System.Text;
using Microsoft.Extensions.Configuration;
using RecallCluster.Silo.Configuration;

namespace RecallCluster.Silo.Tests.Deploy;

/// <summary>Reads what a deployment tells a silo as the silo would, save for folders, files and hosts of where it runs.</summary>
internal static class SettingsOfDeployment
{
    private const string Prefix = "RECALL_SILO_";

    public static SiloSettings Read(string json, IEnumerable<KeyValuePair<string, string>> environment)
    {
        string folder = Path.GetTempPath(), file = typeof(SettingsOfDeployment).Assembly.Location;
        var given = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string value) in environment)
        {
            Assert.StartsWith(Prefix, name, StringComparison.Ordinal);
            string key = name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal);
            given[key] = key switch
            {
                "silo:address" => "127.0.0.1",
                "http:keys" or "tls:certificate" or "tls:key" or "tls:authority" => file,
                _ => value,
            };
        }
        foreach (string directory in (string[])["market", "model", "index"])
            given[$"directories:{directory}"] = folder;
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return SettingsReader.Read(new ConfigurationBuilder().AddJsonStream(stream).AddInMemoryCollection(given).Build());
    }
}
