using System.Text.Json;
using RecallCluster.Serving;

namespace RecallCluster.Http.OpenRtb;

/// <summary>
/// Reads an OpenRTB 2.6 bid request (2.5 too, whose consent fields stand in <c>ext</c>). Fields that we do not use are ignored, as the
/// specification wants; those that we use are checked.
/// </summary>
/// <remarks>Source: IAB Tech Lab, OpenRTB 2.6, sections 3.2.1 to 3.2.29.</remarks>
internal sealed class BidRequestReader(OpenRtbOptions options, FrontDoorLimits limits)
{
    private const int MostMilliseconds = 3_600_000;

    /// <summary>How documents are parsed.</summary>
    public static JsonDocumentOptions Tolerant { get; } = new() { MaxDepth = 64 };

    /// <summary>Reads one request.</summary>
    /// <exception cref="InvalidRequestException">A field that we use breaks the specification; it is named by its path.</exception>
    public BidRequest Read(JsonElement document)
    {
        JsonPlace root = JsonPlace.RootOf(document);
        JsonPlace? regs = root.Object("regs"), user = root.Object("user"), device = root.Object("device");
        JsonPlace? site = root.Object("site"), app = root.Object("app");
        string[] blocked = root.Texts("bcat");
        bool mayPersonalise = Privacy.MayPersonalise(regs, user, device, options.TcfVendorId);
        return new BidRequest
        {
            Id = root.Text("id") is { Length: > 0 } id ? id : throw root.Wrong("id", "is missing."),
            Impressions = ImpressionReader.Read(root, limits.MaxSlots),
            Context = ContextOf(site, app, device, user),
            User = mayPersonalise ? new UserFeatures { Id = UserIdOf(user) } : new UserFeatures(),
            MayPersonalise = mayPersonalise,
            IsTest = root.Flag("test"),
            TimeLimit = root.Integer("tmax") switch
            {
                null or 0 => null,
                < 0 => throw root.Wrong("tmax", "must not be negative."),
                { } tmax => TimeSpan.FromMilliseconds(Math.Min(tmax, MostMilliseconds)),
            },
            Currencies = root.Texts("cur"),
            BlockedCategories = IsOurTaxonomy(root) ? blocked : [],
            BlocksByOtherTaxonomy = blocked.Length > 0 && !IsOurTaxonomy(root),
            BlockedAdvertisers = [.. root.Texts("badv"), .. root.Texts("bapp"), .. root.Texts("bseat")],
            AllowedSeats = root.Texts("wseat"),
        };
    }

    private static RequestContext ContextOf(JsonPlace? site, JsonPlace? app, JsonPlace? device, JsonPlace? user)
    {
        JsonPlace? geo = device?.Object("geo") ?? user?.Object("geo");
        JsonPlace? place = site ?? app;
        return new RequestContext
        {
            Country = geo?.Text("country")?.ToUpperInvariant(),
            Region = geo?.Text("region"),
            Device = DeviceOf(device?.Integer("devicetype")),
            Publisher = site is not null ? DomainOf(site) : app?.Text("bundle") ?? app?.Text("domain"),
            Categories = place is null || !IsOurTaxonomy(place)
                ? []
                : [.. place.Texts("cat").Concat(place.Texts("sectioncat")).Concat(place.Texts("pagecat")).Distinct(StringComparer.Ordinal)],
            Language = device?.Text("language") is { Length: >= 2 } language ? language[..2].ToLowerInvariant() : null,
        };
    }

    private static string? DomainOf(JsonPlace site) => site.Text("domain") is { Length: > 0 } domain
        ? domain
        : Uri.TryCreate(site.Text("page"), UriKind.Absolute, out Uri? page) && page.Host.Length > 0 ? page.Host : null;

    // AdCOM's list of taxonomies: 1, and nothing at all, is IAB's Content Category Taxonomy 1.0, the one that our ads are tagged with.
    private static bool IsOurTaxonomy(JsonPlace place) => place.Integer("cattax") is null or 1;

    // AdCOM's list of device types.
    private static DeviceKind DeviceOf(int? type) => type switch
    {
        1 or 4 => DeviceKind.Phone,
        2 => DeviceKind.Desktop,
        5 => DeviceKind.Tablet,
        3 or 7 => DeviceKind.Television,
        _ => DeviceKind.Unknown,
    };

    /// <summary>The user as we know it: our own id if the exchange maps it, an agreed identifier, or else the exchange's id.</summary>
    private string? UserIdOf(JsonPlace? user)
    {
        if (user is null)
            return null;
        string? id = Usable(user.Text("buyeruid"));
        foreach (JsonPlace source in user.Objects("eids") ?? user.Object("ext")?.Objects("eids") ?? [])
        {
            if (id is null && options.EidSource is { } ours && source.Text("source") == ours)
                id = Usable((source.Objects("uids") ?? []).Select(uid => uid.Text("id")).FirstOrDefault(text => text is { Length: > 0 }));
        }
        return id ?? Usable(user.Text("id"));
    }

    private static string? Usable(string? id) => RequestLimits.IsId(id) ? id : null;
}
