using System.Net;
using System.Text;
using RecallCluster.Cli.Workflows;

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
    public async Task Who_gives_up_is_not_told_that_the_server_is_away()
    {
        using var transport = new Transport(null);
        using var server = new IndexServer(new Uri("http://server.example/"), null, TimeProvider.System, transport);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.ReadAsync(new CancellationToken(canceled: true)));
    }

    /// <summary>Answers everything with a text; with none it takes too long.</summary>
    private sealed class Transport(string? body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            body is null
                ? throw new TaskCanceledException("too long", new TimeoutException())
                : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = new StringContent(body, Encoding.UTF8, "application/json"), RequestMessage = request,
                });
    }
}
