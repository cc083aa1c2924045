namespace RecallCluster.Retrieval.Versions;

/// <summary>
/// The current one of a succession of versions, as a (model, index) pair that is replaced while requests run. A request leases the
/// version that is current when it begins and keeps it to its end; a swap shows the new version to all later requests at once; the old
/// one is disposed when its last lease ends. No lock: a lease is one compare-and-swap on the version's count.
/// </summary>
/// <typeparam name="T">What a version is; disposed by this class, so hand it over for good.</typeparam>
public sealed class VersionedIndex<T> : IDisposable
    where T : class, IDisposable
{
    private Entry? _current;

    /// <summary>Starts with <paramref name="first"/> as version 1.</summary>
    public VersionedIndex(T first)
    {
        ArgumentNullException.ThrowIfNull(first);
        _current = new Entry(first, 1);
    }

    /// <summary>Number of the current version; grows by one with each swap.</summary>
    /// <exception cref="ObjectDisposedException">Disposed.</exception>
    public long Version => (Volatile.Read(ref _current) ?? throw Disposed()).Version;

    /// <summary>Leases the current version; dispose the lease when the request is done, once.</summary>
    /// <exception cref="ObjectDisposedException">Disposed.</exception>
    public Lease Acquire()
    {
        while (true)
        {
            Entry entry = Volatile.Read(ref _current) ?? throw Disposed();

            // It fails when a swap came between and the last lease ended: then there is a newer current one.
            if (entry.TryAddLease())
                return new Lease(entry);
        }
    }

    /// <summary>Makes <paramref name="next"/> the current version; the one before is disposed when its last lease ends.</summary>
    /// <returns>Number of the new version.</returns>
    /// <exception cref="ObjectDisposedException">Disposed; <paramref name="next"/> stays with the caller.</exception>
    public long Swap(T next)
    {
        ArgumentNullException.ThrowIfNull(next);
        while (true)
        {
            Entry old = Volatile.Read(ref _current) ?? throw Disposed();
            var entry = new Entry(next, old.Version + 1);
            if (Interlocked.CompareExchange(ref _current, entry, old) != old)
                continue;
            old.EndLease();
            return entry.Version;
        }
    }

    /// <summary>Ends the succession: no lease can be had any more, and the last version is disposed when its last lease ends.</summary>
    public void Dispose() => Interlocked.Exchange(ref _current, null)?.EndLease();

    private static ObjectDisposedException Disposed() => new(typeof(VersionedIndex<T>).Name);

    /// <summary>A version that stays as it is until the lease is disposed. Dispose one copy, once.</summary>
    public struct Lease : IDisposable
    {
        private Entry? _entry;

        internal Lease(Entry entry) => _entry = entry;

        /// <summary>The version.</summary>
        /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
        public readonly T Value => (_entry ?? throw new ObjectDisposedException(nameof(Lease))).Value;

        /// <summary>Its number.</summary>
        /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
        public readonly long Version => (_entry ?? throw new ObjectDisposedException(nameof(Lease))).Version;

        /// <summary>Ends the lease.</summary>
        public void Dispose()
        {
            _entry?.EndLease();
            _entry = null;
        }
    }

    internal sealed class Entry(T value, long version)
    {
        // One for being current, one for each lease; never rises again from zero.
        private int _leases = 1;

        public T Value => value;

        public long Version => version;

        public bool TryAddLease()
        {
            int leases = Volatile.Read(ref _leases);
            while (leases > 0)
            {
                int seen = Interlocked.CompareExchange(ref _leases, leases + 1, leases);
                if (seen == leases)
                    return true;
                leases = seen;
            }
            return false;
        }

        public void EndLease()
        {
            if (Interlocked.Decrement(ref _leases) == 0)
                value.Dispose();
        }
    }
}
