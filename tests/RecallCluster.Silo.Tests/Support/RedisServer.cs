using System.Diagnostics;
using System.Globalization;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Testing;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests.Support;

/// <summary>A redis-server of a test's own, at a port that stays the same over its lives; killed when the test is over.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("recall-redis-");
    private Process? _process;

    public RedisServer() => Port = FreePorts.Take(1)[0];

    public int Port { get; }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    private string LogFolder => Path.Combine(_folder.FullName, "appendonlydir");

    public static async Task<RedisServer> StartedAsync()
    {
        var server = new RedisServer();
        await server.StartAsync();
        return server;
    }

    /// <summary>Begins a life with what the log holds, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        // It ends when its input does, and so with the tests, however they end.
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        string[] arguments =
        [
            "-c", "exec 3<&0; { read -r _ <&3; kill $$; } >/dev/null 2>&1 & exec \"$0\" \"$@\" </dev/null 3<&-", InstalledPrograms.Redis,
            "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _folder.FullName, "--appendonly", "yes",
            "--appendfsync", "always", "--save", "",
        ];
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await using ConnectionMultiplexer redis = await ConnectAsync();
    }

    /// <summary>Ends it as a power cut would.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Stops it where it stands: it answers nothing, and its connections stay open.</summary>
    public void Freeze() => Signals.Freeze(_process!);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Signals.Thaw(_process!);

    /// <summary>Ends it in good order.</summary>
    public async Task StopAsync()
    {
        await using (ConnectionMultiplexer redis = await ConnectAsync())
            redis.GetServers()[0].Shutdown();
        await _process!.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Copies the log, all that has to be kept of it, as somebody who backs it up does.</summary>
    public void BackUpTo(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(LogFolder))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    /// <summary>Puts a copy of the log in its place.</summary>
    public void RestoreFrom(string folder)
    {
        Empty();
        Directory.CreateDirectory(LogFolder);
        foreach (string file in Directory.GetFiles(folder))
            File.Copy(file, Path.Combine(LogFolder, Path.GetFileName(file)));
    }

    /// <summary>Deletes what it has written.</summary>
    public void Empty()
    {
        _folder.Delete(recursive: true);
        _folder.Create();
    }

    /// <summary>A connection, as soon as it answers.</summary>
    public async Task<ConnectionMultiplexer> ConnectAsync()
    {
        ConfigurationOptions options = ConfigurationOptions.Parse(Address);
        options.AllowAdmin = true;
        options.ConnectTimeout = 5000;
        options.AsyncTimeout = options.SyncTimeout = 15_000;
        options.ReconnectRetryPolicy = new LinearRetry(200);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (true)
        {
            try
            {
                ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync(options);
                await redis.GetDatabase().PingAsync();
                return redis;
            }
            catch (RedisException)
            {
                await Task.Delay(50, patience.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Delete(recursive: true);
    }
}
