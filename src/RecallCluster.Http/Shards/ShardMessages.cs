using RecallCluster.Calibration.Maps;
using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Http.Shards;

/// <summary>What a shard process says of itself.</summary>
/// <param name="Identity">The shard that it holds.</param>
/// <param name="Instance">Drawn when the process started: another one has forgotten what it was told.</param>
/// <param name="Publisher">Whose book and placements it holds; 0 for nobody's.</param>
/// <param name="Book">Version of the book; <see cref="long.MinValue"/> for none.</param>
/// <param name="Placements">Revision of the placements; <see cref="long.MinValue"/> for none.</param>
/// <param name="Additions">Changes of the publisher's log of additions that are in it.</param>
internal sealed record ShardStatus(
    ShardIdentity Identity, ulong Instance, ulong Publisher, long Book, long Placements, int Additions);

/// <summary>A part of a log of additions.</summary>
/// <param name="Version">The shard version.</param>
/// <param name="First">Where in the log it begins.</param>
/// <param name="Changes">The changes from there on.</param>
internal sealed record AdditionsPart(string Version, int First, ShardChange[] Changes);

/// <summary>The messages between a gateway and a shard process, as frames.</summary>
internal static class ShardMessages
{
    // Interest alone has no list of campaigns; an empty list would make none eligible.
    private const int ByInterest = 0;
    private const int ByValue = 1;
    private const int ByClick = 2;

    /// <param name="frame">The frame.</param>
    /// <param name="publisher">Who asks.</param>
    /// <param name="additions">Changes of the asker's log of additions that the shard must have.</param>
    /// <param name="query">What is asked.</param>
    public static void Write(FrameWriter frame, ulong publisher, int additions, ShardQuery query)
    {
        frame.UInt64(publisher);
        frame.Int32(additions);
        frame.Text(query.Version);
        frame.Int32(query.K);
        frame.Int32(query.MaxScorings ?? -1);
        frame.Int64(query.TimeLeft?.Ticks ?? -1);
        frame.List(query.UserState.Span);
        frame.Texts(query.Seeds);
        frame.Texts(query.Exclude);
        frame.Int32(query.Value is null ? ByInterest : query.Value.ByClick ? ByClick : ByValue);
        if (query.Value is not { } value)
            return;
        frame.List(value.Campaigns.Span);
        frame.List(value.Facets.Span);
        frame.Double(value.Scale.Slope);
        frame.Double(value.Scale.Shift);
        frame.Int32(value.MostPerCampaign);
    }

    public static (ulong Publisher, int Additions, ShardQuery Query) ReadQuery(ReadOnlySpan<byte> bytes)
    {
        var frame = new FrameReader(bytes, FrameKind.Query);
        ulong publisher = frame.UInt64();
        int additions = frame.Int32();
        string version = frame.Text();
        int k = frame.Int32();
        int maxScorings = frame.Int32();
        long timeLeft = frame.Int64();
        float[] state = frame.List<float>();
        string[] seeds = frame.Texts();
        string[] exclude = frame.Texts();
        int ranking = frame.Int32();
        ValueQuery? value = ranking switch
        {
            ByInterest => null,
            ByValue or ByClick => new ValueQuery(frame.List<ulong>(), frame.List<ulong>())
            {
                Scale = new ClickScale(frame.Double(), frame.Double()),
                MostPerCampaign = frame.Int32(),
                ByClick = ranking == ByClick,
            },
            _ => throw new InvalidDataException($"Shard frame: {ranking} is no kind of ranking."),
        };
        frame.End();
        if (k < 1)
            throw new InvalidDataException($"Shard frame: K is {k}; at least 1 is wanted.");
        if (maxScorings is 0 or < -1)
            throw new InvalidDataException($"Shard frame: a limit of {maxScorings} scorings.");
        if (value is { Scale.IsValid: false })
            throw new InvalidDataException($"Shard frame: a scale of slope {value.Scale.Slope} and shift {value.Scale.Shift}.");
        if (value is { MostPerCampaign: < 1 })
            throw new InvalidDataException($"Shard frame: at most {value.MostPerCampaign} ads of a campaign; at least 1 is wanted.");
        return (publisher, additions, new ShardQuery(version, state, k)
        {
            MaxScorings = maxScorings < 0 ? null : maxScorings,
            TimeLeft = timeLeft < 0 ? null : new TimeSpan(timeLeft),
            Seeds = seeds,
            Exclude = exclude,
            Value = value,
        });
    }

    public static void Write(FrameWriter frame, ShardAnswer answer)
    {
        frame.Int32(answer.Scorings);
        frame.Int32((int)answer.Limits);
        frame.Int32(answer.Ads.Count);
        foreach (ScoredAd ad in answer.Ads)
        {
            frame.Text(ad.Id);
            frame.Single(ad.Score);
            frame.Single(ad.Value);
            frame.Int32(ad.Campaign);
        }
    }

    public static ShardAnswer ReadAnswer(ReadOnlySpan<byte> bytes)
    {
        var frame = new FrameReader(bytes, FrameKind.Answer);
        int scorings = frame.Int32();
        var limits = (SearchLimits)frame.Int32();
        var ads = new ScoredAd[frame.Count(4 * sizeof(int))];
        for (int i = 0; i < ads.Length; i++)
            ads[i] = new ScoredAd(frame.Text(), frame.Single()) { Value = frame.Single(), Campaign = frame.Int32() };
        frame.End();
        return new ShardAnswer(ads, scorings, limits);
    }

    public static void Write(FrameWriter frame, ulong publisher, BidBook book)
    {
        frame.UInt64(publisher);
        frame.Int64(book.Version);
        frame.Int32(book.Campaigns.Length);
        foreach (BidBookEntry entry in book.Campaigns)
        {
            frame.Int64(entry.CampaignId);
            frame.Text(entry.Context);
            frame.Double(entry.Slope);
            frame.Double(entry.Offset);
            frame.Double(entry.Cap);
            frame.Double(entry.ConversionProbability);
        }
        frame.Bytes(ModelFormat.ToBytes(book.Click));
    }

    public static (ulong Publisher, BidBook Book) ReadBook(ReadOnlySpan<byte> bytes)
    {
        const int EntryBytes = (5 * sizeof(long)) + sizeof(int);
        var frame = new FrameReader(bytes, FrameKind.Book);
        ulong publisher = frame.UInt64();
        long version = frame.Int64();
        var campaigns = new BidBookEntry[frame.Count(EntryBytes)];
        for (int i = 0; i < campaigns.Length; i++)
        {
            campaigns[i] = new BidBookEntry(frame.Int64(), frame.Text(), frame.Double(), frame.Double(), frame.Double())
            {
                ConversionProbability = frame.Double(),
            };
        }
        CalibrationModel click = ModelFormat.FromBytes(frame.Bytes());
        frame.End();
        return (publisher, new BidBook(version, campaigns, click));
    }

    public static void Write(FrameWriter frame, ulong publisher, ShardPlacements placements)
    {
        frame.UInt64(publisher);
        frame.Text(placements.Version);
        frame.Int64(placements.Revision);
        frame.List(placements.CampaignOf.Span);
        frame.List(placements.FacetOf.Span);
    }

    public static (ulong Publisher, ShardPlacements Placements) ReadPlacements(ReadOnlySpan<byte> bytes)
    {
        var frame = new FrameReader(bytes, FrameKind.Placements);
        ulong publisher = frame.UInt64();
        var placements = new ShardPlacements(frame.Text(), frame.Int64(), frame.List<int>(), frame.List<int>());
        frame.End();
        return (publisher, placements);
    }

    public static void Write(FrameWriter frame, ulong publisher, string version, int first, ReadOnlySpan<ShardChange> changes)
    {
        frame.UInt64(publisher);
        frame.Text(version);
        frame.Int32(first);
        frame.Int32(changes.Length);
        foreach (ShardChange change in changes)
        {
            frame.Text(change.Id);
            // Vectors have a length; an ad that is taken out has none.
            frame.List<float>(change.Embedded?.Vector ?? []);
            frame.List<float>(change.Embedded?.Record ?? []);
        }
    }

    public static (ulong Publisher, AdditionsPart Part) ReadAdditions(ReadOnlySpan<byte> bytes)
    {
        var frame = new FrameReader(bytes, FrameKind.Additions);
        ulong publisher = frame.UInt64();
        string version = frame.Text();
        int first = frame.Int32();
        var changes = new ShardChange[frame.Count(3 * sizeof(int))];
        for (int i = 0; i < changes.Length; i++)
        {
            string id = frame.Text();
            float[] vector = frame.List<float>(), record = frame.List<float>();
            if (id.Length == 0)
                throw new InvalidDataException("Shard frame: an ad without an id.");
            changes[i] = new ShardChange(id, vector.Length == 0 ? null : new EmbeddedAd(vector, record, []));
        }
        frame.End();
        if (first < 0)
            throw new InvalidDataException($"Shard frame: additions from {first} on.");
        return (publisher, new AdditionsPart(version, first, changes));
    }

    public static void Write(FrameWriter frame, ShardStatus status)
    {
        frame.Text(status.Identity.Model);
        frame.Text(status.Identity.Index);
        frame.Int32(status.Identity.Number);
        frame.Int32(status.Identity.Shards);
        frame.Int32(status.Identity.Ads);
        frame.UInt64(status.Instance);
        frame.UInt64(status.Publisher);
        frame.Int64(status.Book);
        frame.Int64(status.Placements);
        frame.Int32(status.Additions);
    }

    public static ShardStatus ReadStatus(ReadOnlySpan<byte> bytes)
    {
        var frame = new FrameReader(bytes, FrameKind.State);
        var status = new ShardStatus(
            new ShardIdentity(frame.Text(), frame.Text(), frame.Int32(), frame.Int32(), frame.Int32()),
            frame.UInt64(), frame.UInt64(), frame.Int64(), frame.Int64(), frame.Int32());
        frame.End();
        return status;
    }
}
