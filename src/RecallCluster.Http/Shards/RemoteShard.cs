using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using RecallCluster.Http.Security;
using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Http.Shards;

/// <summary>How to reach a shard of another process.</summary>
public sealed record RemoteShardOptions
{
    /// <summary>What the process wants to be shown; null for nothing.</summary>
    public ShardSecret? Secret { get; init; }

    /// <summary>Authorities (PEM) that the certificate of an https address must come from; null for the system's.</summary>
    public string? AuthorityPath { get; init; }

    /// <summary>The gateway's own certificate, for processes that want one; null for none.</summary>
    public TlsOptions? Certificate { get; init; }

    /// <summary>How long connecting may take.</summary>
    public TimeSpan ConnectLimit { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a call may take that has no limit of its own.</summary>
    public TimeSpan CallLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the other end may be silent while calls wait, before the connection is given up.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time between attempts to publish to a process that does not answer.</summary>
    public TimeSpan PublishPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Ads that are put into a process at once: fewer, and each call is sooner over; more, and all of them are sooner there.
    /// </summary>
    public int AdditionsAtOnce { get; init; } = 500;

    /// <summary>Largest answer, in bytes.</summary>
    public int MaxAnswerBytes { get; init; } = 64 << 20;
}

/// <summary>
/// A shard that another process serves (<see cref="ShardServer"/>), over pooled HTTP/2 connections. The process must hold the very shard
/// that is wanted, by content; another one is refused. The current book and placements are published to it again whenever it turns out
/// not to have them: after it was restarted, or when another gateway published there. Thread-safe.
/// </summary>
public sealed class RemoteShard : IReplica, IDisposable
{
    private static readonly MediaTypeHeaderValue Body = new(ShardServer.MediaType);

    private readonly ShardIdentity _wanted;
    private readonly RemoteShardOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Lock _publishing = new();

    // Campaign numbers are this object's publisher's own; another process or object counts as another gateway.
    private readonly ulong _publisher = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;
    private BidBook? _book;
    private ShardPlacements? _placements;
    private ShardAdditions? _additions;

    // Changes that the process has said to have: one that lacks them has forgotten them, and its answers would lack ads.
    private volatile int _arrived;
    private bool _syncing;
    private bool _syncAgain;
    private volatile string? _refusal;
    private volatile string _version = "";

    /// <summary>A shard at <paramref name="address"/>; it is asked only when it is searched or published to.</summary>
    /// <param name="address">Base address of the process; http or https.</param>
    /// <param name="wanted">The shard that it must hold.</param>
    /// <param name="options">How to reach it; null for the defaults.</param>
    /// <param name="time">The clock of pauses between publications.</param>
    public RemoteShard(Uri address, ShardIdentity wanted, RemoteShardOptions? options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(wanted);
        _wanted = wanted;
        _options = options ?? new RemoteShardOptions();
        _time = time;
        Address = address.ToString();
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = _options.ConnectLimit,
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(Math.Max(1, _options.SilenceLimit.TotalSeconds / 2)),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(Math.Max(1, _options.SilenceLimit.TotalSeconds / 2)),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            AutomaticDecompression = DecompressionMethods.None,
            UseProxy = false,
            UseCookies = false,
            SslOptions = Tls.ForClients(_options.AuthorityPath, _options.Certificate),
        })
        {
            BaseAddress = address,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.Authorization = _options.Secret?.Header;
    }

    /// <inheritdoc/>
    public string Address { get; }

    /// <inheritdoc/>
    public string Version => _version;

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The process holds another shard, or its answer is broken.</exception>
    /// <exception cref="IOException">It cannot be reached, or failed.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    public async Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (_refusal is { } refusal)
        {
            Sync();
            throw new InvalidDataException(refusal);
        }
        using var frame = new FrameWriter(FrameKind.Query);
        ShardMessages.Write(frame, _publisher, _arrived, query with { Version = _wanted.ToString() });
        // A query with a limit of its own ends when its caller gives up; it must not end here before the shard had its time.
        TimeSpan limit = _options.CallLimit;
        if (query.TimeLeft is { } left && left < TimeSpan.FromDays(1) && left + _options.ConnectLimit > limit)
            limit = left + _options.ConnectLimit;
        (HttpStatusCode status, ShardAnswer? answer, string? reason) = await SendAsync(
            HttpMethod.Post, ShardServer.SearchPath, frame.End(), limit, ShardMessages.ReadAnswer, cancellation).ConfigureAwait(false);
        if (answer is not null)
            return answer;
        if (status == HttpStatusCode.Conflict)
        {
            // It lacks what it needs: it was restarted, or somebody else published there.
            Sync();
            throw new InvalidOperationException($"{Address}: {reason}");
        }
        throw new IOException($"{Address}: answered {(int)status}: {reason}");
    }

    /// <inheritdoc/>
    public void Publish(BidBook book)
    {
        ArgumentNullException.ThrowIfNull(book);
        lock (_publishing)
        {
            if (_book is not null && book.Version <= _book.Version)
                return;
            _book = book;
        }
        Sync();
    }

    /// <inheritdoc/>
    public void Publish(ShardPlacements placements)
    {
        ArgumentNullException.ThrowIfNull(placements);
        lock (_publishing)
        {
            if (_placements is not null && placements.Revision <= _placements.Revision)
                return;
            _placements = placements with { Version = _wanted.ToString() };
        }
        Sync();
    }

    /// <inheritdoc/>
    public void Publish(ShardAdditions additions)
    {
        ArgumentNullException.ThrowIfNull(additions);
        lock (_publishing)
        {
            if (_additions is not null && additions.Changes.Length <= _additions.Changes.Length)
                return;
            _additions = additions;
        }
        Sync();
    }

    /// <summary>Closes the connections; calls under way fail.</summary>
    public void Dispose()
    {
        _disposed.Cancel();
        _client.Dispose();
    }

    /// <summary>Brings the other process up to date in the background, one run at a time.</summary>
    private void Sync()
    {
        lock (_publishing)
        {
            _syncAgain = true;
            if (_syncing || _disposed.IsCancellationRequested)
                return;
            _syncing = true;
        }
        _ = Task.Run(SyncUntilDoneAsync);
    }

    private async Task SyncUntilDoneAsync()
    {
        while (true)
        {
            BidBook? book;
            ShardPlacements? placements;
            ShardAdditions? additions;
            lock (_publishing)
            {
                if (!_syncAgain || _disposed.IsCancellationRequested)
                {
                    _syncing = false;
                    return;
                }
                _syncAgain = false;
                (book, placements, additions) = (_book, _placements, _additions);
            }
            try
            {
                await SyncOnceAsync(book, placements, additions).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
            {
                // It will be tried again for as long as it takes: a process that comes back must find its book before requests find it.
                lock (_publishing)
                    _syncAgain = true;
                await Task.Delay(_options.PublishPause, _time, _disposed.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
            {
                continue;
            }
        }
    }

    private async Task SyncOnceAsync(BidBook? book, ShardPlacements? placements, ShardAdditions? additions)
    {
        (HttpStatusCode code, ShardStatus? status, string? reason) = await SendAsync(
            HttpMethod.Get, ShardServer.StatePath, default, _options.CallLimit, ShardMessages.ReadStatus, _disposed.Token)
            .ConfigureAwait(false);
        if (status is null)
            throw new IOException($"{Address}: answered {(int)code}: {reason}");
        _version = status.Identity.ToString();
        _refusal = status.Identity == _wanted
            ? null
            : $"{Address}: holds shard {status.Identity} of {status.Identity.Ads} ads; {_wanted} of {_wanted.Ads} is wanted.";
        if (_refusal is { } refusal)
            throw new InvalidDataException(refusal);
        bool other = status.Publisher != _publisher;
        // Before the placements, which speak of these ads.
        if (additions is not null)
            await PutAdditionsAsync(other ? 0 : status.Additions, additions.Changes).ConfigureAwait(false);
        if (placements is not null && (other || status.Placements < placements.Revision))
        {
            using var frame = new FrameWriter(FrameKind.Placements);
            ShardMessages.Write(frame, _publisher, placements);
            await PutAsync(ShardServer.PlacementsPath, frame).ConfigureAwait(false);
        }
        if (book is not null && (other || status.Book < book.Version))
        {
            using var frame = new FrameWriter(FrameKind.Book);
            ShardMessages.Write(frame, _publisher, book);
            await PutAsync(ShardServer.BookPath, frame).ConfigureAwait(false);
        }
    }

    private async Task PutAdditionsAsync(int there, ReadOnlyMemory<ShardChange> changes)
    {
        for (int next = there; next < changes.Length; next += _options.AdditionsAtOnce)
        {
            int count = Math.Min(_options.AdditionsAtOnce, changes.Length - next);
            using var frame = new FrameWriter(FrameKind.Additions);
            ShardMessages.Write(frame, _publisher, _wanted.ToString(), next, changes.Span.Slice(next, count));
            await PutAsync(ShardServer.AdditionsPath, frame).ConfigureAwait(false);
        }
        _arrived = changes.Length;
    }

    private async Task PutAsync(string path, FrameWriter frame)
    {
        (HttpStatusCode status, _, string? reason) = await SendAsync<object>(
            HttpMethod.Put, path, frame.End(), _options.CallLimit, null, _disposed.Token).ConfigureAwait(false);
        if (status != HttpStatusCode.NoContent)
            throw new IOException($"{Address}: answered {(int)status} to a publication: {reason}");
    }

    /// <summary>One exchange: what <paramref name="read"/> makes of a 200, or the reason that another status came with.</summary>
    private async Task<(HttpStatusCode Status, T? Answer, string? Reason)> SendAsync<T>(
        HttpMethod method, string path, ReadOnlyMemory<byte> body, TimeSpan limit, Reading<T>? read, CancellationToken cancellation)
        where T : class
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _disposed.Token);
        over.CancelAfter(limit);
        using var request = new HttpRequestMessage(method, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (!body.IsEmpty)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = Body;
        }
        try
        {
            using HttpResponseMessage response =
                await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, over.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                return (response.StatusCode, null, await response.Content.ReadAsStringAsync(over.Token).ConfigureAwait(false));
            return (response.StatusCode, read is null ? null : await ReadAsync(response, read, over.Token).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(over.IsCancellationRequested
                ? $"{Address}: no answer within {limit.TotalMilliseconds} ms."
                : $"{Address}: no connection within {_options.ConnectLimit.TotalMilliseconds} ms.");
        }
        catch (HttpRequestException e)
        {
            throw new IOException($"{Address}: {e.Message}", e);
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, Reading<T> read, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength is not { } length || length > _options.MaxAnswerBytes)
            throw new InvalidDataException($"{Address}: an answer of {response.Content.Headers.ContentLength} bytes.");
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)length);
        try
        {
            using Stream stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            await stream.ReadExactlyAsync(buffer.AsMemory(0, (int)length), cancellation).ConfigureAwait(false);
            return read(buffer.AsSpan(0, (int)length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private delegate T Reading<out T>(ReadOnlySpan<byte> bytes);
}
