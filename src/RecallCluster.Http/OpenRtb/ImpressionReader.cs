namespace RecallCluster.Http.OpenRtb;

/// <summary>Reads <c>imp[]</c>: what is on sale, in which formats, from which price on.</summary>
internal static class ImpressionReader
{
    private const double MostCpm = 1e9;
    private const int MostPixels = 100_000;
    private const int MostSeconds = 4 * 3600;

    // VAST versions that a protocol number stands for, newest first; wrappers (2.0: 5, 3.0: 6, 4.0: 8, 4.1: 12, 4.2: 14) are not what we answer.
    private static readonly (int Protocol, string Version)[] VastVersions = [(13, "4.2"), (11, "4.1"), (7, "4.0"), (3, "3.0"), (2, "2.0")];

    public static Impression[] Read(JsonPlace root, int most)
    {
        JsonPlace[] places = root.Objects("imp") ?? throw root.Wrong("imp", "is missing.");
        if (places.Length == 0 || places.Length > most)
            throw root.Wrong("imp", $"must have 1 to {most} entries, not {places.Length}.");
        var impressions = new Impression[places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            impressions[i] = ReadOne(places[i]);
            for (int j = 0; j < i; j++)
                if (impressions[j].Id == impressions[i].Id)
                    throw places[i].Wrong("id", "is there twice.");
        }
        return impressions;
    }

    private static Impression ReadOne(JsonPlace imp)
    {
        JsonPlace? pmp = imp.Object("pmp");
        return new Impression
        {
            Id = imp.Text("id") is { Length: > 0 } id ? id : throw imp.Wrong("id", "is missing."),
            Banner = imp.Object("banner") is { } banner ? BannerOf(banner) : null,
            Video = imp.Object("video") is { } video ? VideoOf(video) : null,
            Native = imp.Object("native") is { } native ? NativeRequestReader.Read(native) : null,
            Floor = FloorOf(imp),
            FloorCurrency = imp.Text("bidfloorcur") ?? "USD",
            IsSecure = imp.Flag("secure"),
            Deals = [.. (pmp?.Objects("deals") ?? []).Select(DealOf)],
            DealsOnly = pmp?.Flag("private_auction") ?? false,
        };
    }

    private static DealTerms DealOf(JsonPlace deal)
    {
        string[] domains = deal.Texts("wadomain"), seats = deal.Texts("wseat");
        return new DealTerms(
            deal.Text("id") is { Length: > 0 } id ? id : throw deal.Wrong("id", "is missing."),
            FloorOf(deal),
            deal.Text("bidfloorcur") ?? "USD",
            deal.Integer("at") is 1 or 3,
            // A seat is an advertiser's domain here: who is on both lists is on the deal's.
            domains.Length == 0 ? seats : seats.Length == 0 ? domains : [.. domains.Intersect(seats, StringComparer.OrdinalIgnoreCase).DefaultIfEmpty("-")]);
    }

    private static double FloorOf(JsonPlace place) => place.Number("bidfloor") switch
    {
        null => 0,
        < 0 or > MostCpm => throw place.Wrong("bidfloor", $"is 0 to {MostCpm}."),
        { } floor => floor,
    };

    private static BannerOffer? BannerOf(JsonPlace banner)
    {
        string[] types = banner.Texts("mimes");
        int[] blocked = banner.Integers("btype") ?? [];
        var sizes = new List<(int, int)>();
        foreach (JsonPlace format in banner.Objects("format") ?? [])
        {
            // A format of ratios instead of pixels is for creatives that adapt; ours do not.
            (int width, int height) = (Pixels(format, "w"), Pixels(format, "h"));
            if (width > 0 && height > 0)
                sizes.Add((width, height));
        }
        (int Width, int Height) size = (Pixels(banner, "w"), Pixels(banner, "h"));
        if (sizes.Count == 0 || (size.Width > 0 && size.Height > 0 && !sizes.Contains(size)))
            sizes.Add(size);

        // What we answer is an XHTML banner ad (type 2).
        return blocked.Contains(2) ? null : new BannerOffer(sizes, types.Length == 0 ? null : types);
    }

    private static VideoOffer? VideoOf(JsonPlace video)
    {
        string[] types = video.Texts("mimes");
        if (types.Length == 0)
            throw video.Wrong("mimes", "is missing: which media types are played?");
        int min = Seconds(video, "minduration"), max = Seconds(video, "maxduration");

        // The player's size is checked, not used: a film is scaled to it.
        _ = Pixels(video, "w") + Pixels(video, "h");
        int[] exact = video.Integers("rqddurs") ?? [];
        int[]? protocols = video.Integers("protocols") ?? (video.Integer("protocol") is { } protocol ? [protocol] : null);
        bool isLinear = video.Integer("linearity") is null or 1;
        string? vast = protocols is null or { Length: 0 }
            ? VastVersions[0].Version
            : Array.Find(VastVersions, v => protocols.Contains(v.Protocol)).Version;
        return !isLinear || vast is null ? null : new VideoOffer
        {
            MediaTypes = types,
            MinDuration = TimeSpan.FromSeconds(exact.Length > 0 ? Math.Max(0, Math.Min(MostSeconds, exact.Min())) : min),
            MaxDuration = TimeSpan.FromSeconds(exact.Length > 0 ? Math.Max(0, Math.Min(MostSeconds, exact.Max())) : max),
            ExactSeconds = exact,
            Vast = vast,
        };
    }

    private static int Pixels(JsonPlace place, string field) => InRange(place, field, MostPixels);

    private static int Seconds(JsonPlace place, string field) => InRange(place, field, MostSeconds);

    private static int InRange(JsonPlace place, string field, int most) => place.Integer(field) switch
    {
        null => 0,
        { } value when value < 0 || value > most => throw place.Wrong(field, $"is 0 to {most}, not {value}."),
        { } value => value,
    };
}
