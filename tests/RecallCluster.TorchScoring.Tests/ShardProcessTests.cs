using System.Diagnostics;
using System.Text.Json;
using RecallCluster.Http.Shards;
using RecallCluster.Serving;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.TorchScoring.Tests;

/// <summary>A shard whose process with the device dies under load: a gateway sees fewer ads for a moment, then all of them again.</summary>
[Collection(SharedShard.Name)]
public sealed class ShardProcessTests(TrainedShard shard)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_device_process_that_is_killed_under_load_gives_way_to_the_processor()
    {
        using var served = await ServedShardProcess.StartAsync(shard, "--scorer", "torch-cpu-walk");
        using var gateway = new Gateway(shard, served.Url);
        await gateway.WholeAsync(40);

        Task load = gateway.LoadAsync(callers: 4, until: served.OnProcessor);
        using (Process device = Process.GetProcessById(served.DeviceProcess))
            device.Kill();
        await load.WaitAsync(Patience);

        await gateway.UntilWholeAsync(Patience);
        await gateway.WholeAsync(20);
        Assert.Equal(0, gateway.Failed);
        Assert.Contains("ended with code 137: going on with the processor", served.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_is_lost_ends_its_process_and_the_processor_goes_on()
    {
        using var served = await ServedShardProcess.StartAsync(
            shard, "--scorer", "torch-cpu", "--module", TrainedShard.ModuleAt("LosesTheDevice.pt"));
        using var gateway = new Gateway(shard, served.Url);

        await gateway.LoadAsync(callers: 2, until: served.OnProcessor).WaitAsync(Patience);
        await gateway.UntilWholeAsync(Patience);

        Assert.Equal(0, gateway.Failed);
        Assert.Contains("illegal memory access", served.Said, StringComparison.Ordinal);
        Assert.Contains("ended with code 75: going on with the processor", served.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_cannot_be_had_is_an_error_of_one_line()
    {
        (int code, string said) = await ServedShardProcess.FailAsync(shard, "--scorer", "torch-cpu-walk", "--device-memory", "1");
        Assert.Equal(1, code);
        Assert.Contains("MiB are allowed", said, StringComparison.Ordinal);
        if (Scorers.NoCuda is null)
            return;
        (code, said) = await ServedShardProcess.FailAsync(shard, "--scorer", "cuda:0");
        Assert.Equal(3, code);
        Assert.Contains(Scorers.NoCuda, said, StringComparison.Ordinal);
    }

    /// <summary>A gateway of this process over the one shard of the other.</summary>
    private sealed class Gateway : IDisposable
    {
        private readonly EmbeddedHost _host = new(threads: 1);
        private int _failed;

        public Gateway(TrainedShard shard, Uri url) => _host.Load(new EmbeddedHostOptions
        {
            ModelDirectory = shard.ModelFolder,
            IndexDirectory = shard.IndexFolder,
            Shards = ReplicaMap.Of(url.ToString(), TimeProvider.System),
        });

        /// <summary>Requests that were not answered at all.</summary>
        public int Failed => Volatile.Read(ref _failed);

        public async Task WholeAsync(int count)
        {
            for (int i = 0; i < count; i++)
                Assert.Equal(1, await AskAsync());
        }

        public async Task UntilWholeAsync(TimeSpan patience)
        {
            using var patient = new CancellationTokenSource(patience);
            while (await AskAsync() < 1)
                patient.Token.ThrowIfCancellationRequested();
        }

        public Task LoadAsync(int callers, Task until) => Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (!until.IsCompleted)
                await AskAsync();
        })));

        public void Dispose() => _host.Dispose();

        /// <summary>The share of the ads that the answer is of.</summary>
        private async Task<double> AskAsync()
        {
            try
            {
                var request = new RetrievalRequest(new UserFeatures(), 10) { Deadline = TimeSpan.FromSeconds(10) };
                return (await _host.Retriever.AnswerAsync(request, default)).Coverage;
            }
            catch (InvalidOperationException)
            {
                Interlocked.Increment(ref _failed);
                return 0;
            }
        }
    }

    /// <summary>A <c>recall shard</c> with a device, which is two processes.</summary>
    private sealed class ServedShardProcess : IDisposable
    {
        private readonly Process _process;
        private readonly List<string> _said = [];
        private readonly TaskCompletionSource _onProcessor = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private ServedShardProcess(Process process)
        {
            _process = process;
            process.ErrorDataReceived += (_, e) => Hear(e.Data);
            process.BeginErrorReadLine();
        }

        public Uri Url { get; private set; } = null!;

        public int DeviceProcess { get; private set; }

        /// <summary>Completes when the shard is served by the processor.</summary>
        public Task OnProcessor => _onProcessor.Task;

        public string Said
        {
            get
            {
                lock (_said)
                    return string.Join('\n', _said);
            }
        }

        public static async Task<ServedShardProcess> StartAsync(TrainedShard shard, params string[] further)
        {
            var served = new ServedShardProcess(Begin(shard, further));
            using var patience = new CancellationTokenSource(Patience);
            string text = "";
            while (await served._process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            {
                text += line + "\n";
                if (line != "}")
                    continue;
                JsonElement said = JsonDocument.Parse(text).RootElement;
                served.Url = new Uri(said.GetProperty("url").GetString()!);
                served.DeviceProcess = said.GetProperty("process").GetInt32();
                return served;
            }
            await served._process.WaitForExitAsync(patience.Token);
            throw new InvalidDataException($"The program ended after saying: {text} {served.Said}");
        }

        public static async Task<(int Code, string Said)> FailAsync(TrainedShard shard, params string[] further)
        {
            using var served = new ServedShardProcess(Begin(shard, further));
            using var patience = new CancellationTokenSource(Patience);
            await served._process.WaitForExitAsync(patience.Token);
            return (served._process.ExitCode, served.Said);
        }

        public void Dispose()
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }

        private static Process Begin(TrainedShard shard, string[] further)
        {
            var start = new ProcessStartInfo(
                Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet")
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            };
            string[] arguments =
            [
                Path.Combine(AppContext.BaseDirectory, "recall.dll"), "shard", "--model", shard.ModelFolder, "--index", shard.IndexFolder,
                "--threads", "1", "--json", .. further,
            ];
            foreach (string argument in arguments)
                start.ArgumentList.Add(argument);
            return Process.Start(start) ?? throw new InvalidOperationException("The program could not be started.");
        }

        private void Hear(string? line)
        {
            if (line is null)
                return;
            lock (_said)
                _said.Add(line);
            if (line.Contains("from the processor at", StringComparison.Ordinal))
                _onProcessor.TrySetResult();
        }
    }
}
