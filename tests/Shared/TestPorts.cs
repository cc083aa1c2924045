using System.Net;
using System.Net.Sockets;

namespace RecallCluster.Testing;

/// <summary>
/// Ports for servers that a test starts, stops and starts again. They lie below those that a system gives to outgoing connections, so that
/// none is taken while nobody listens on it, and below those that `recall` takes by itself; each is handed out once, and processes that test
/// at the same time begin at different places.
/// </summary>
internal static class TestPorts
{
    // `recall` takes ports from 20000 on; Linux gives outgoing connections those from 32768 on, others from 49152.
    private const int First = 10_240, Count = 20_000 - First;

    // Far enough apart for what one process needs, and with no divisor in common with the count: neighbours' ids begin far apart.
    private const uint Stride = 1_009;

    private static readonly int s_start = (int)((uint)Environment.ProcessId * Stride % Count);
    private static int s_taken;

    /// <summary>So many different ports that nobody listens on.</summary>
    /// <exception cref="InvalidOperationException">All have been handed out.</exception>
    public static int[] Take(int count)
    {
        int[] ports = new int[count];
        for (int i = 0; i < count; i++)
        {
            do
            {
                ports[i] = Next();
            }
            while (!IsFree(ports[i]));
        }
        return ports;
    }

    private static int Next()
    {
        int number = Interlocked.Increment(ref s_taken) - 1;
        return number < Count
            ? First + ((s_start + number) % Count)
            : throw new InvalidOperationException($"All of {Count} ports have been handed out.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Any, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
