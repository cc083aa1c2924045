using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace RecallCluster.Http.Dashboard;

/// <summary>A file of the dashboard, out of this assembly.</summary>
/// <param name="Path">Where it is served, relative to the dashboard's root: <c>dashboard/js/main.js</c>.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Tag">Its entity tag, a digest of the bytes.</param>
internal sealed record DashboardAsset(string Path, byte[] Content, string ContentType, EntityTagHeaderValue Tag)
{
    /// <summary>The page itself.</summary>
    public const string PagePath = "dashboard/index.html";

    private const string Prefix = "dashboard/";
    private const int TagBytes = 12;

    /// <summary>All files of the dashboard.</summary>
    public static IReadOnlyList<DashboardAsset> ReadAll()
    {
        Assembly assembly = typeof(DashboardAsset).Assembly;
        return [.. assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(Read)];

        DashboardAsset Read(string resource)
        {
            using Stream stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            // The build names resources with the separators of the system that it runs on.
            string path = resource.Replace('\\', '/');
            string digest = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, TagBytes));
            return new DashboardAsset(path, content, TypeOf(path), new EntityTagHeaderValue($"\"{digest}\""));
        }
    }

    private static string TypeOf(string path) => System.IO.Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
}
