using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>HTTP/1.1 byte by byte: what a well-behaved client would never send.</summary>
internal sealed class RawHttp : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private RawHttp()
    {
    }

    public static async Task<RawHttp> ConnectAsync(Uri door, int receiveBuffer = 0)
    {
        var connection = new RawHttp();
        if (receiveBuffer > 0)
            connection._socket.ReceiveBufferSize = receiveBuffer;
        await connection._socket.ConnectAsync(door.Host, door.Port);
        return connection;
    }

    /// <summary>The status that a whole request is answered with.</summary>
    public static async Task<int> StatusAsync(Uri door, string requestLine, string host, string headers = "", string body = "")
    {
        await using RawHttp connection = await ConnectAsync(door);
        string length = body.Length > 0 ? $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n" : "";
        await connection.SendAsync($"{requestLine} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{length}{headers}\r\n{body}");
        return await connection.ReadStatusAsync();
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
            sent += await _socket.SendAsync(bytes.AsMemory(sent));
    }

    /// <summary>The status of the next answer; 0 when the door closed the connection without one.</summary>
    public async Task<int> ReadStatusAsync()
    {
        const int StatusEnd = 12;
        var line = new byte[StatusEnd];
        for (int read = 0; read < StatusEnd;)
        {
            int received;
            try
            {
                received = await _socket.ReceiveAsync(line.AsMemory(read));
            }
            catch (SocketException)
            {
                received = 0;
            }
            if (received == 0)
                return 0;
            read += received;
        }
        return int.Parse(Encoding.ASCII.GetString(line, 9, 3), CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
