using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// One keep-alive connection of HTTP/1.1 to a front door, as cheap as it can be: prebuilt requests go out as they are, and of an answer
/// only status and end are looked for. Used by one thread.
/// </summary>
internal sealed class LoadConnection(EndPoint door) : IDisposable
{
    private const int FirstBuffer = 16 * 1024;

    private Socket? _socket;
    private byte[] _received = new byte[FirstBuffer];
    private int _count;

    /// <summary>The socket while a request is under way.</summary>
    public Socket Socket => _socket!;

    /// <summary>Number of the request under way.</summary>
    public int Request { get; private set; }

    /// <summary>When it was due, as a timestamp.</summary>
    public long Due { get; private set; }

    /// <summary>Sends a request.</summary>
    /// <param name="request">Its number.</param>
    /// <param name="due">When it was due.</param>
    /// <param name="bytes">Head and body.</param>
    /// <exception cref="SocketException">The door cannot be reached.</exception>
    public void Send(int request, long due, byte[] bytes)
    {
        (Request, Due, _count) = (request, due, 0);
        if (_socket is null)
            Connect();
        for (int sent = 0; sent < bytes.Length;)
            sent += _socket!.Send(bytes.AsSpan(sent), SocketFlags.None);
    }

    /// <summary>Takes what has come.</summary>
    /// <returns>The answer when it is complete; its body lies in this connection until the next request.</returns>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="InvalidDataException">What came is no answer, or the connection ended before it did.</exception>
    public LoadAnswer? Receive()
    {
        if (_count == _received.Length)
            Array.Resize(ref _received, 2 * _received.Length);
        int came = _socket!.Receive(_received.AsSpan(_count), SocketFlags.None);
        if (came == 0)
            throw new InvalidDataException("The connection ended within an answer.");
        _count += came;
        if (LoadAnswer.Parse(_received.AsMemory(0, _count)) is not { } answer)
            return null;
        if (answer.Closes)
            Close();
        return answer;
    }

    /// <summary>Ends the connection; the next request opens another.</summary>
    public void Close()
    {
        _socket?.Dispose();
        _socket = null;
    }

    public void Dispose() => Close();

    /// <summary>Head and body of a request.</summary>
    public static byte[] RequestOf(Uri target, byte[] body) =>
    [
        .. Encoding.ASCII.GetBytes(
            $"POST {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Authority}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n"),
        .. body,
    ];

    private void Connect()
    {
        var socket = new Socket(door.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(door);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
        _socket = socket;
    }
}
