using System.Net;
using System.Net.Sockets;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>
/// Ports that nobody listens on, below those that systems give to outgoing connections: between being found free here and being listened
/// on, perhaps seconds later and again after a restart, nobody is given them by chance. Thread-safe.
/// </summary>
internal static class FreePorts
{
    private const int First = 20_000, Count = 10_000;

    // Each port is far from the one before, for there are those who take the ports after theirs, too; processes that look at the same time
    // begin apart from one another. A prime, so that every port has its turn.
    private const ulong Step = 7919, Apart = 61;

    private static ulong _next = (ulong)Environment.ProcessId * Apart;

    /// <summary>So many different ones; none is given out twice before all have been.</summary>
    /// <exception cref="InvalidOperationException">There are not so many.</exception>
    public static int[] Take(int count)
    {
        var ports = new int[count];
        for (int taken = 0, tried = 0; taken < count; tried++)
        {
            if (tried == Count)
                throw new InvalidOperationException(
                    $"Only {taken} of the ports {First} to {First + Count - 1} are free; {count} are wanted.");
            int port = First + (int)(Interlocked.Increment(ref _next) * Step % Count);
            if (IsFree(port))
                ports[taken++] = port;
        }
        return ports;
    }

    /// <summary>Whether nobody listens on a port of the loopback interface.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
