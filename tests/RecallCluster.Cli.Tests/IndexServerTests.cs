using System.Net;
using System.Text;
using RecallCluster.Cli.Workflows;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Cli.Tests;

/// <summary>A server that is asked again and again: whatever it does, the next round may find it well.</summary>
public class IndexServerTests
{
    [Theory]
    [InlineData("<html>not here</html>", "does not answer as an index server does")]
    [InlineData("[]", "has no choice of index versions")]
    [InlineData("""{"indexes":[]}""", "has no choice of index versions")]
    [InlineData(null, "did not answer within")]
    public async Task What_is_no_answer_is_told_as_a_server_that_is_away(string? body, string told)
    {
        using var transport = new Transport(body);
        using var server = new IndexServer(new Uri("http://server.example/"), null, TimeProvider.System, transport);

        var reading = await Assert.ThrowsAsync<HttpRequestException>(() => server.ReadAsync(default));
        var publishing = await Assert.ThrowsAsync<HttpRequestException>(
            () => server.PublishAsync("a", null, new Progress<string>(), default));

        Assert.Contains(told, reading.Message);
        Assert.Contains("http://server.example/", publishing.Message);
    }

    [Fact]
    public async Task A_version_that_a_cluster_compared_and_refused_is_told_with_the_reason_and_the_figures()
    {
        const string Version = """{"name":"a","version":"9c41.2"}""", Running = """{"name":"old","version":"3f2a.1"}""";
        using var transport = new Transport(
            """{"name":"a","isRunning":false,"shards":2,"ads":10}""",
            $$$"""
            {"indexes":[],"rollout":{"running":{{{Running}}},"last":{"version":{{{Version}}},"outcome":"refused","at":"2026-05-02T10:00:00Z",
             "reason":"value 0.4: wanted are 0.8 to 1.5","figures":{"requests":200,"value":0.4} } } }
            """);
        using var server = new IndexServer(new Uri("http://server.example/"), null, TimeProvider.System, transport);

        RolloutEnd end = await server.PublishAsync("a", 200, new Progress<string>(), default);

        Assert.Equal((RolloutOutcome.Refused, "value 0.4: wanted are 0.8 to 1.5"), (end.Outcome, end.Reason));
        Assert.Equal(0.4, end.Figures!["value"]);
        // Somebody else's version may be the last one by then.
        await Assert.ThrowsAsync<HttpRequestException>(() => server.PublishAsync("b", null, new Progress<string>(), default));
    }

    [Fact]
    public async Task Who_gives_up_is_not_told_that_the_server_is_away()
    {
        using var transport = new Transport(null);
        using var server = new IndexServer(new Uri("http://server.example/"), null, TimeProvider.System, transport);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.ReadAsync(new CancellationToken(canceled: true)));
    }

    /// <summary>Answers what is posted with one text, what is read with another; with none it takes too long.</summary>
    private sealed class Transport(string? posted, string? read) : HttpMessageHandler
    {
        public Transport(string? body)
            : this(body, body)
        {
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            (request.Method == HttpMethod.Post ? posted : read) is not { } body
                ? throw new TaskCanceledException("too long", new TimeoutException())
                : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = new StringContent(body, Encoding.UTF8, "application/json"), RequestMessage = request,
                });
    }
}
