namespace RecallCluster.Bidding.Replay;

/// <summary>Reads a trace of auctions.</summary>
public static class AuctionTraceReader
{
    /// <summary>The auctions up to the last whole record, in the order in which they were held.</summary>
    /// <exception cref="InvalidDataException">The file is no trace.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TracedAuction[] Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var auctions = new List<TracedAuction>();
        using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            Scan(path, bytes, auctions);
        }

        // Requests are answered side by side: the file's order is that of their ends.
        return [.. auctions.OrderBy(auction => auction.At)];
    }

    /// <summary>Goes through all whole records.</summary>
    /// <returns>Where the last one ends.</returns>
    internal static int Scan(string path, ReadOnlySpan<byte> bytes, List<TracedAuction>? into)
    {
        AuctionTraceFile.CheckHeader(path, bytes);
        int at = AuctionTraceFile.HeaderLength;
        while (AuctionTraceFile.Read(bytes[at..], out int length) is { } auction)
        {
            into?.Add(auction);
            at += length;
        }
        return at;
    }
}
