using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RecallCluster.Http.Observability;

namespace RecallCluster.Http.Tests.Observability;

public class TelemetryExportTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Traces_and_metrics_of_ours_reach_the_collector()
    {
        await using Collector collector = await Collector.StartAsync();
        using var source = new ActivitySource("RecallCluster.SomeTest");
        using var meter = new Meter("RecallCluster.SomeTest");
        using var stranger = new Meter("Somebody.Else");
        Counter<long> requests = meter.CreateCounter<long>("recall.test.requests", "{request}");
        Histogram<double> duration = meter.CreateHistogram<double>("recall.test.duration", "s");
        Counter<long> strange = stranger.CreateCounter<long>("somebody.elses.counter");

        using (TelemetryExport? export = TelemetryExport.Start(new TelemetryOptions
        {
            Endpoint = collector.Address,
            Protocol = TelemetryProtocol.HttpProtobuf,
            ServiceName = "a-door",
        }))
        {
            Assert.NotNull(export);
            requests.Add(3);
            duration.Record(0.0042);
            strange.Add(1);
            // On a busy machine an attempt may be given up, and what it carried is gone; a minute is enough for another one.
            using var patience = new CancellationTokenSource(Patience);
            while (!collector.HasBoth)
            {
                using (Activity? activity = source.StartActivity("one request"))
                    Assert.True(activity?.Recorded);
                Assert.True(export.Flush(Patience));
                patience.Token.ThrowIfCancellationRequested();
            }
        }

        string traces = collector.Received("/v1/traces"), metrics = collector.Received("/v1/metrics");
        Assert.Contains("one request", traces);
        Assert.Contains("a-door", traces);
        Assert.Contains("recall.test.requests", metrics);
        Assert.Contains("a-door", metrics);
        Assert.DoesNotContain("somebody.elses.counter", metrics);
        // Buckets for seconds, not for milliseconds: 0.0075 is one of their bounds, as eight bytes.
        Assert.Contains(Encoding.Latin1.GetString(BitConverter.GetBytes(0.0075)), metrics);
    }

    [Fact]
    public void No_share_of_traces_keeps_none()
    {
        using var source = new ActivitySource("RecallCluster.Unsampled");
        using TelemetryExport? export = TelemetryExport.Start(new TelemetryOptions
        {
            Endpoint = new Uri("http://127.0.0.1:9"),
            Protocol = TelemetryProtocol.HttpProtobuf,
            TraceShare = 0,
        });
        using Activity? activity = source.StartActivity("one request");

        Assert.False(activity?.Recorded ?? false);
    }

    [Fact]
    public void Without_a_collector_nothing_listens()
    {
        // Where the tests' own environment names a collector, there is one.
        bool named = !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"));

        using TelemetryExport? export = TelemetryExport.Start(new TelemetryOptions());

        Assert.Equal(named, export is not null);
    }

    [Theory]
    [InlineData("ftp://collector", null)]
    [InlineData("http://collector:4317", 1.5)]
    [InlineData("http://collector:4317", double.NaN)]
    public void What_makes_no_sense_is_refused(string endpoint, double? share)
    {
        var options = new TelemetryOptions { Endpoint = new Uri(endpoint), TraceShare = share };

        Assert.Throws<ArgumentException>(() => TelemetryExport.Start(options));
    }

    /// <summary>A collector that speaks OTLP over HTTP and keeps what it is told.</summary>
    private sealed class Collector(WebApplication app, ConcurrentQueue<(string Path, byte[] Body)> received) : IAsyncDisposable
    {
        public Uri Address => FrontDoor.AddressesOf(app)[0];

        public static async Task<Collector> StartAsync()
        {
            var received = new ConcurrentQueue<(string, byte[])>();
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            WebApplication app = builder.Build();
            app.MapPost("/v1/{signal}", async (HttpContext context) =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                received.Enqueue((context.Request.Path, body.ToArray()));
                context.Response.ContentType = "application/x-protobuf";
            });
            await app.StartAsync();
            return new Collector(app, received);
        }

        /// <summary>Whether traces and metrics have come.</summary>
        public bool HasBoth => Received("/v1/traces").Length > 0 && Received("/v1/metrics").Length > 0;

        /// <summary>All that came to a path; a protobuf's strings stand in it as they are.</summary>
        public string Received(string path) =>
            string.Concat(received.Where(message => message.Path == path).Select(message => Encoding.Latin1.GetString(message.Body)));

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}
