using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Http.Shards;

/// <summary>
/// A shard for gateways of other processes. Book and placements are one gateway's: campaign numbers mean something only to whoever gave
/// them. Another gateway that publishes takes over, and who was there before is told so and publishes again. Thread-safe.
/// </summary>
/// <param name="identity">The shard that is served.</param>
/// <param name="open">Makes a shard that holds the one version, named as the identity; they share index and scorer, which outlive
/// them.</param>
/// <param name="instance">Tells this process from an earlier one.</param>
public sealed class ServedShard(ShardIdentity identity, Func<Shard> open, ulong instance)
{
    private readonly Lock _publishing = new();
    private volatile Held _held = new(0, open());

    /// <summary>The shard that is served.</summary>
    public ShardIdentity Identity => identity;

    internal ShardStatus Status
    {
        get
        {
            Held held = _held;
            return new ShardStatus(identity, instance, held.Publisher, held.Book, held.Placements, held.Additions);
        }
    }

    internal Task<ShardAnswer> SearchAsync(ulong publisher, int additions, ShardQuery query, CancellationToken cancellation)
    {
        Held held = _held;
        if (query.Value is not null && held.Publisher != publisher)
            throw new InvalidOperationException("The shard holds no bid book of this gateway.");
        if (additions > (held.Publisher == publisher ? held.Additions : 0))
            throw new InvalidOperationException("The shard has forgotten ads that this gateway put in.");
        return held.Shard.SearchAsync(query, cancellation);
    }

    internal void Publish(ulong publisher, BidBook book)
    {
        lock (_publishing)
        {
            Held held = Of(publisher);
            held.Shard.Publish(book);
            held.Book = Math.Max(held.Book, book.Version);
        }
    }

    /// <exception cref="ArgumentException">They are of another version or of another number of ads.</exception>
    internal void Publish(ulong publisher, ShardPlacements placements)
    {
        lock (_publishing)
        {
            Held held = Of(publisher);
            held.Shard.Publish(placements);
            held.Placements = Math.Max(held.Placements, placements.Revision);
        }
    }

    /// <exception cref="ArgumentException">They do not fit the index, are of another version, or leave out changes before them.</exception>
    internal void Publish(ulong publisher, AdditionsPart part)
    {
        // Thousands of ads take seconds: publications of the same gateway wait for them, searches do not.
        lock (_publishing)
        {
            Held held = Of(publisher);
            if (part.First > held.Log.Count)
                throw new ArgumentException($"Additions from {part.First} on; the shard has {held.Log.Count}.");
            held.Log.AddRange(part.Changes.Skip(held.Log.Count - part.First));
            try
            {
                held.Shard.Publish(new ShardAdditions(part.Version, held.Log.ToArray()));
            }
            finally
            {
                // What was refused is not there, and nor is what follows it.
                held.Additions = held.Shard.AdditionsOf(identity.ToString());
                held.Log.RemoveRange(held.Additions, held.Log.Count - held.Additions);
            }
        }
    }

    // The shard of the gateway before is left to its last searches; it owns nothing that must be closed.
    private Held Of(ulong publisher) => _held.Publisher == publisher ? _held : _held = new Held(publisher, open());

    private sealed class Held(ulong publisher, Shard shard)
    {
        private long _book = long.MinValue;
        private long _placements = long.MinValue;
        private int _additions;

        public ulong Publisher => publisher;

        public Shard Shard => shard;

        public List<ShardChange> Log { get; } = [];

        public int Additions
        {
            get => Volatile.Read(ref _additions);
            set => Volatile.Write(ref _additions, value);
        }

        public long Book
        {
            get => Volatile.Read(ref _book);
            set => Volatile.Write(ref _book, value);
        }

        public long Placements
        {
            get => Volatile.Read(ref _placements);
            set => Volatile.Write(ref _placements, value);
        }
    }
}
