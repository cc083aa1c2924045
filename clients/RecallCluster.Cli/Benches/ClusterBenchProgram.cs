using System.Globalization;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// The benches of the cluster edition that know its grains: a program of its own that lies beside the silo's in the build's output. Its
/// host holds the grains, its other runs ask them and write what they measured as one line of JSON.
/// </summary>
internal sealed class ClusterBenchProgram
{
    private const string Name = "RecallCluster.ClusterBench";

    private readonly string _library;

    private ClusterBenchProgram(string library) => _library = library;

    /// <summary>The one that was built with this program.</summary>
    /// <exception cref="ExitException">There is none; the message says why.</exception>
    public static ClusterBenchProgram Find()
    {
        string silo = Path.GetDirectoryName(SiloProgram.Find().Library)!;
        string library = Path.GetFullPath(Path.Combine(silo, "..", "..", Name, Path.GetFileName(silo), $"{Name}.dll"));
        return File.Exists(library)
            ? new ClusterBenchProgram(library)
            : throw new ExitException(ExitCodes.LeftOut, $"the bench was not built: there is no {library}; ./recall builds it.");
    }

    /// <summary>Measures something that wants no grains.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has its last words.</exception>
    public async Task<T> AskAsync<T>(string what, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        var said = new LastLines();
        string? answer = null;
        ChildProcess asked = ChildProcess.Start(what, Processes.DotnetHost, ["exec", _library, what, .. arguments], line =>
        {
            said.Keep(line);
            string text = line[(line.IndexOf('|') + 2)..];
            if (text is ['{' or '[', ..])
                Volatile.Write(ref answer, text);
        });
        await using (asked.ConfigureAwait(false))
        {
            await asked.UntilExitedAsync(cancellation).ConfigureAwait(false);
            if (asked.ExitCode != ExitCodes.Success || Volatile.Read(ref answer) is not { } json)
                throw new InvalidOperationException($"{Name} {what} failed: {said}");
            return JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web)!;
        }
    }

    /// <summary>Measures something against grains in a process of their own.</summary>
    /// <param name="what">What.</param>
    /// <param name="redis">Where machines are kept; null keeps them in memory.</param>
    /// <param name="arguments">Further arguments.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">It failed; the message has its last words.</exception>
    public async Task<T> AskHostAsync<T>(string what, string? redis, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        int[] ports = FreePorts.Take(4);
        string[] store = redis is null ? [] : [$"--redis={redis}"];
        var said = new LastLines();
        ChildProcess host = ChildProcess.Start(
            "host", Processes.DotnetHost,
            ["exec", _library, "host", Number("port", ports[0]), Number("gateway-port", ports[1]), .. store], said.Keep);
        await using (host.ConfigureAwait(false))
        {
            await UntilListeningAsync(host, ports[0], said, cancellation).ConfigureAwait(false);
            return await AskAsync<T>(
                what,
                [
                    Number("port", ports[2]), Number("gateway-port", ports[3]), Number("primary", ports[0]), Number("host", host.Id),
                    .. store, .. arguments,
                ],
                cancellation).ConfigureAwait(false);
        }
    }

    private static async Task UntilListeningAsync(ChildProcess host, int port, LastLines said, CancellationToken cancellation)
    {
        while (FreePorts.IsFree(port))
        {
            if (host.HasExited)
                throw new InvalidOperationException($"{Name} host ended with code {host.ExitCode}: {said}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation).ConfigureAwait(false);
        }
    }

    private static string Number(string name, int value) => string.Create(CultureInfo.InvariantCulture, $"--{name}={value}");
}
