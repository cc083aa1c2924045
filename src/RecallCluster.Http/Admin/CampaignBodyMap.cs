using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Http.Admin;

/// <summary>Between the bodies of the campaign routes and <see cref="CampaignSettings"/>.</summary>
internal static class CampaignBodyMap
{
    private const int MostEntries = 1_000;

    // What a time span can hold; how long a cap may be is the campaigns' to say.
    private const double MostMilliseconds = 1e14;

    private static readonly TimeSpan LongestSpan = TimeSpan.FromDays(366);

    /// <exception cref="InvalidRequestException">
    /// A setting is missing or wrong in itself; what only makes no sense together is found by who takes it.
    /// </exception>
    public static CampaignSettings SettingsOf(long id, CampaignBody body)
    {
        DateTimeOffset start = FieldChecks.Required("flightStart", body.FlightStart, "when does the campaign begin?");
        var defaults = new CampaignTerms { CampaignId = id, TimeZone = "UTC", DailyBudget = Micros.Zero, FlightStart = start };
        var settings = new CampaignSettings
        {
            Id = id,
            Name = FieldChecks.Id("name", body.Name, "what is it called?"),
            AdvertiserId =
                FieldChecks.InRange("advertiserId", FieldChecks.Required("advertiserId", body.AdvertiserId, "who pays?"), 1, int.MaxValue),
            AdvertiserDomain = FieldChecks.Id("advertiserDomain", body.AdvertiserDomain, "the domain that publishers block by."),
            Terms = defaults with
            {
                TimeZone = ZoneOf(body.TimeZone),
                DailyBudget = FieldChecks.Money("dailyBudget", FieldChecks.Required("dailyBudget", body.DailyBudget, "how much a day?")),
                LifetimeBudget = body.LifetimeBudget is { } lifetime ? FieldChecks.Money("lifetimeBudget", lifetime) : null,
                FlightEnd = EndOf(start, body.FlightEnd),
                Pacing = body.Pacing ?? defaults.Pacing,
                TrafficByHour = CurveOf(body),
                LeaseTerm = Span("leaseTermMs", body.LeaseTermMs, defaults.LeaseTerm),
                ClockMargin = Span("clockMarginMs", body.ClockMarginMs, defaults.ClockMargin),
                EventWindow = Span("eventWindowMs", body.EventWindowMs, defaults.EventWindow),
                ConversionWindow = Span("conversionWindowMs", body.ConversionWindowMs, defaults.ConversionWindow),
            },
            Product = FieldChecks.Required("product", body.Product, "objective and KPI, e.g. \"click-cpc\"."),
            MaxCpc = Positive("maxCpc", body.MaxCpc),
            MinCtr = Positive("minCtr", body.MinCtr),
            Pricing = body.Pricing ?? PricingModel.Cpc,
            MaxBid = body.MaxBid is { } bid ? FieldChecks.Money("maxBid", bid) : null,
            StartWeights = body.StartWeights,
            Targeting = TargetingOf(body.Targeting),
            Caps = CapsOf(body.Caps),
            IsPaused = body.IsPaused ?? false,
        };
        return body.Controller is { } controller ? settings with { Controller = controller } : settings;
    }

    public static CampaignViewBody BodyOf(CampaignView view) => new(
        view.Settings.Id,
        view.Version,
        view.Status,
        BodyOf(view.Settings),
        new DayBody(
            view.Today.Day.Date, FieldChecks.Units(view.Today.Budget), FieldChecks.Units(view.Today.Spent),
            FieldChecks.Units(view.Today.Leased),
            view.Today.Impressions, view.Today.Clicks, view.Today.Conversions, view.Today.FreeEvents,
                FieldChecks.Units(view.Today.FreeAmount)),
        FieldChecks.Units(view.TotalSpent),
        view.PlannedShare,
        view.Controller,
        view.Actors,
        view.Weights,
        [.. view.Kpis.Select(k => new KpiBody(k.Name, k.Value, k.Limit))],
        [.. view.Ticks.Select(t => new TickBody(t.At, FieldChecks.Units(t.Spent), t.PlannedShare, t.Weights, t.Kpi))]);

    private static CampaignBody BodyOf(CampaignSettings settings)
    {
        CampaignTerms terms = settings.Terms;
        Targeting t = settings.Targeting;
        return new CampaignBody
        {
            Name = settings.Name,
            AdvertiserId = settings.AdvertiserId,
            AdvertiserDomain = settings.AdvertiserDomain,
            DailyBudget = FieldChecks.Units(terms.DailyBudget),
            LifetimeBudget = terms.LifetimeBudget is { } lifetime ? FieldChecks.Units(lifetime) : null,
            TimeZone = terms.TimeZone,
            FlightStart = terms.FlightStart,
            FlightEnd = terms.FlightEnd == DateTimeOffset.MaxValue ? null : terms.FlightEnd,
            Pacing = terms.Pacing,
            TrafficByHour = terms.TrafficByHour,
            LeaseTermMs = terms.LeaseTerm.TotalMilliseconds,
            ClockMarginMs = terms.ClockMargin.TotalMilliseconds,
            EventWindowMs = terms.EventWindow.TotalMilliseconds,
            ConversionWindowMs = terms.ConversionWindow.TotalMilliseconds,
            Product = settings.Product,
            MaxCpc = settings.MaxCpc,
            MinCtr = settings.MinCtr,
            Pricing = settings.Pricing,
            MaxBid = settings.MaxBid is { } bid ? FieldChecks.Units(bid) : null,
            Controller = settings.Controller,
            StartWeights = settings.StartWeights is { } weights ? [.. weights] : null,
            Targeting = new TargetingBody
            {
                Countries = [.. t.Countries],
                Regions = [.. t.Regions],
                Devices = [.. t.Devices],
                Publishers = [.. t.Publishers],
                ExcludedPublishers = [.. t.ExcludedPublishers],
                Categories = [.. t.Categories],
                Languages = [.. t.Languages],
                Hours = [.. t.Hours],
                Deals = [.. t.Deals],
            },
            Caps = [.. settings.Caps.Select(c => new FrequencyCapBody(c.Impressions, c.Within.TotalMilliseconds))],
            IsPaused = settings.IsPaused,
        };
    }

    private static string ZoneOf(string? name) => name is null ? "UTC" : TimeZoneInfo.TryFindSystemTimeZoneById(name, out _)
        ? name
        : throw new InvalidRequestException("timeZone", "wants an IANA name such as \"Europe/Berlin\".");

    private static DateTimeOffset EndOf(DateTimeOffset start, DateTimeOffset? end) =>
        end is not { } given ? DateTimeOffset.MaxValue
        : given > start ? given
        : throw new InvalidRequestException("flightEnd", "must be after flightStart.");

    private static double[]? CurveOf(CampaignBody body)
    {
        if (body.Pacing == PacingMode.Traffic && body.TrafficByHour is null)
            throw new InvalidRequestException("trafficByHour", "is missing: pacing by traffic needs 24 numbers.");
        return body.TrafficByHour is null
            || (body.TrafficByHour.Length == 24 && body.TrafficByHour.All(h => h >= 0) && body.TrafficByHour.Sum() is > 0 and < 1e15)
            ? body.TrafficByHour
            : throw new InvalidRequestException("trafficByHour", "wants 24 numbers, 0 or more, not all 0.");
    }

    private static TimeSpan Span(string field, double? milliseconds, TimeSpan otherwise) =>
        milliseconds is null ? otherwise : FieldChecks.Milliseconds(field, milliseconds, LongestSpan);

    private static double? Positive(string field, double? value) =>
        value is null or > 0 and < 1e12 ? value : throw new InvalidRequestException(field, $"must be positive, not {value}.");

    private static Targeting TargetingOf(TargetingBody? body) => body is null
        ? new Targeting()
        : new Targeting
        {
            Countries = FieldChecks.Texts("targeting.countries", body.Countries, MostEntries),
            Regions = FieldChecks.Texts("targeting.regions", body.Regions, MostEntries),
            Devices = body.Devices ?? [],
            Publishers = FieldChecks.Texts("targeting.publishers", body.Publishers, MostEntries),
            ExcludedPublishers = FieldChecks.Texts("targeting.excludedPublishers", body.ExcludedPublishers, MostEntries),
            Categories = FieldChecks.Texts("targeting.categories", body.Categories, MostEntries),
            Languages = FieldChecks.Texts("targeting.languages", body.Languages, MostEntries),
            Hours = [.. (body.Hours ?? []).Select((hour, i) => FieldChecks.InRange($"targeting.hours[{i}]", hour, 0, 23))],
            Deals = FieldChecks.Texts("targeting.deals", body.Deals, MostEntries),
        };

    private static FrequencyRule[] CapsOf(FrequencyCapBody?[]? caps) => [.. (caps ?? []).Select((cap, i) => new FrequencyRule(
        FieldChecks.InRange(
            $"caps[{i}].impressions", FieldChecks.Required($"caps[{i}].impressions", cap?.Impressions, "how many?"), 1, 1_000_000),
        TimeSpan.FromMilliseconds(FieldChecks.InRange(
            $"caps[{i}].withinMs", FieldChecks.Required($"caps[{i}].withinMs", cap?.WithinMs, "within which time?"), 1,
                MostMilliseconds))))];
}
