using System.Net;
using System.Net.Sockets;

namespace RecallCluster.Silo.Tests.Support;

internal static class Ports
{
    /// <summary>Different ports that nobody listens on.</summary>
    public static int[] Free(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        try
        {
            foreach (TcpListener listener in listeners)
                listener.Start();
            return Array.ConvertAll(listeners, listener => ((IPEndPoint)listener.LocalEndpoint).Port);
        }
        finally
        {
            foreach (TcpListener listener in listeners)
                listener.Dispose();
        }
    }
}
