using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>A redis-server of this cluster's own: loopback only, every answered write on the disk.</summary>
internal sealed class LocalRedis : IAsyncDisposable
{
    private static readonly TimeSpan TimeToStart = TimeSpan.FromSeconds(30), TimeToStop = TimeSpan.FromSeconds(20);

    private readonly ChildProcess _process;

    private LocalRedis(ChildProcess process, int port) => (_process, Port) = (process, port);

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Its address, for clients.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Where its program is.</summary>
    /// <exception cref="InvalidOperationException">It is nowhere.</exception>
    public static string Program() => ChildProcess.Which("redis-server") ?? throw new InvalidOperationException(
        "there is no redis-server in the PATH; install Redis 7 (Debian: apt-get install redis-server), or name a running one with "
        + "--redis.");

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="folder">Where its data lie.</param>
    /// <param name="line">Told of each line that it writes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">There is no redis-server, or it did not start.</exception>
    public static async Task<LocalRedis> StartAsync(string folder, Action<string> line, CancellationToken cancellation)
    {
        string program = Program();
        Directory.CreateDirectory(folder);
        int port = FreePorts.Take(1)[0];
        ChildProcess process = ChildProcess.Start("redis", program,
            [
                "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes",
                "--appendfsync", "always", "--save", "", "--loglevel", "warning",
            ], line, endsWithUs: true);
        var redis = new LocalRedis(process, port);
        try
        {
            long began = Stopwatch.GetTimestamp();
            while (!await AnswersAsync(port, cancellation).ConfigureAwait(false))
            {
                if (process.HasExited)
                    throw new InvalidOperationException($"redis-server ended with code {process.ExitCode}; its lines say why.");
                if (Stopwatch.GetElapsedTime(began) > TimeToStart)
                    throw new InvalidOperationException($"redis-server did not answer within {TimeToStart.TotalSeconds} s.");
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation).ConfigureAwait(false);
            }
            return redis;
        }
        catch
        {
            await redis.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops it; what it holds is on the disk.</summary>
    public Task<bool> StopAsync() => _process.StopAsync(TimeToStop);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    /// <summary>Whether it answers PING with PONG: while it reads its log it answers, but with an error.</summary>
    private static async Task<bool> AnswersAsync(int port, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, cancellation).ConfigureAwait(false);
            NetworkStream stream = client.GetStream();
            await using (stream.ConfigureAwait(false))
            {
                await stream.WriteAsync("PING\r\n"u8.ToArray(), cancellation).ConfigureAwait(false);
                byte[] answer = new byte[7];
                await stream.ReadExactlyAsync(answer, cancellation).ConfigureAwait(false);
                return Encoding.ASCII.GetString(answer) == "+PONG\r\n";
            }
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }
}
