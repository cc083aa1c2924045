using System.Buffers;

namespace RecallCluster.Bidding.Replay;

/// <summary>
/// Appends auctions to a trace file. An auction is in the operating system's hands when <see cref="Append"/> returns, so that it
/// outlives the
/// process; it is not flushed to the device. Thread-safe.
/// </summary>
public sealed class AuctionTraceWriter : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileStream _file;

    /// <summary>Opens a trace, behind its last whole record; a new one where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no trace.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public AuctionTraceWriter(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        try
        {
            if (_file.Length < AuctionTraceFile.HeaderLength)
            {
                _file.SetLength(0);
                _file.Write(AuctionTraceFile.Header());
                return;
            }
            var bytes = new byte[_file.Length];
            _file.ReadExactly(bytes);
            long end = AuctionTraceReader.Scan(path, bytes, null);
            _file.SetLength(end);
            _file.Position = end;
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Why the trace ended; null while it goes on.</summary>
    public IOException? Failure { get; private set; }

    /// <summary>Appends an auction; see <see cref="TracedAuction"/> for the parameters.</summary>
    /// <param name="at">When it was held.</param>
    /// <param name="floor">Least price of one impression, in units of the currency.</param>
    /// <param name="positions">How many ads were wanted, at least 1.</param>
    /// <param name="bids">One offer for each campaign.</param>
    /// <exception cref="ArgumentOutOfRangeException">No position is on sale, or there are more than a million bids.</exception>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Append(DateTimeOffset at, double floor, int positions, ReadOnlySpan<TracedBid> bids)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bids.Length, AuctionTraceFile.MaxBids, nameof(bids));
        int length = AuctionTraceFile.LengthOf(bids.Length);
        byte[] record = ArrayPool<byte>.Shared.Rent(length);
        AuctionTraceFile.Write(at, floor, positions, bids, record.AsSpan(0, length));
        lock (_lock)
            _file.Write(record.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(record);
    }

    /// <summary>As <see cref="Append"/>, but a trace that cannot be written ends instead of failing what it watches.</summary>
    /// <returns>Whether it was written; false from the first failure on.</returns>
    /// <param name="at">When it was held.</param>
    /// <param name="floor">Least price of one impression, in units of the currency.</param>
    /// <param name="positions">How many ads were wanted, at least 1.</param>
    /// <param name="bids">One offer for each campaign.</param>
    public bool TryAppend(DateTimeOffset at, double floor, int positions, ReadOnlySpan<TracedBid> bids)
    {
        if (Failure is not null)
            return false;
        try
        {
            Append(at, floor, positions, bids);
            return true;
        }
        catch (IOException e)
        {
            Failure = e;
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
