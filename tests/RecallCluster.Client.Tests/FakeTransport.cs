using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace RecallCluster.Client.Tests;

/// <summary>Answers by a function, and remembers what was asked.</summary>
internal sealed class FakeTransport(Func<int, HttpRequestMessage, string, HttpResponseMessage> answer) : HttpMessageHandler
{
    private int _calls;

    public ConcurrentQueue<(HttpMethod Method, string Path, string Body)> Seen { get; } = new();

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    public RecallClient Client(RetryOptions? retries = null, TimeSpan? timeout = null) => new(new RecallClientOptions
    {
        Door = new Uri("http://door.example"),
        Transport = () => this,
        Retries = retries ?? new RetryOptions { FirstDelay = TimeSpan.Zero },
        Timeout = timeout ?? TimeSpan.FromMinutes(1),
    });

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Seen.Enqueue((request.Method, request.RequestUri!.PathAndQuery, body));
        return answer(Interlocked.Increment(ref _calls), request, body);
    }
}
