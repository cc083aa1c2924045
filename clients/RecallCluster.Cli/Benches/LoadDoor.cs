using System.Net;

namespace RecallCluster.Cli.Benches;

/// <summary>A front door under load: what it is sent, and the connections that wait for the next request. Used by one thread.</summary>
internal sealed class LoadDoor(Uri target, IEnumerable<byte[]> bodies) : IDisposable
{
    private readonly IPEndPoint _place = new(IPAddress.Parse(target.Host), target.Port);
    private readonly byte[][] _requests = [.. bodies.Select(body => LoadConnection.RequestOf(target, body))];
    private readonly Stack<LoadConnection> _idle = new();

    /// <summary>Head and body of a request, by its number.</summary>
    public byte[] RequestOf(int request) => _requests[request % _requests.Length];

    /// <summary>A connection that has nothing to do.</summary>
    public LoadConnection Idle() => _idle.TryPop(out LoadConnection? connection) ? connection : new LoadConnection(_place);

    /// <summary>Gives a connection back.</summary>
    public void Return(LoadConnection connection) => _idle.Push(connection);

    public void Dispose()
    {
        foreach (LoadConnection connection in _idle)
            connection.Dispose();
    }
}
