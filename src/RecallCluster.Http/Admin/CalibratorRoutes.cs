using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Admin;

/// <summary>Body of <c>POST /v1/calibrators</c>.</summary>
internal sealed record CalibratorPublishBody
{
    public string? Name { get; init; }

    public CalibratorSettingsBody? Settings { get; init; }

    public CalibratorShadowBody? Shadow { get; init; }
}

/// <summary>How a calibrator fits; what is left out is as configured.</summary>
internal sealed record CalibratorSettingsBody
{
    public CalibratorMethod? Method { get; init; }

    public int? Bins { get; init; }

    public int? MixHours { get; init; }

    public double? RefitMinutes { get; init; }

    public int? FewestNewClicks { get; init; }

    public double? ConversionPrior { get; init; }

    public double? PriorStrength { get; init; }

    /// <summary>All that there is to say of settings.</summary>
    public static CalibratorSettingsBody Of(CalibratorSettings settings) => new()
    {
        Method = settings.Method,
        Bins = settings.Bins,
        MixHours = settings.MixHours,
        RefitMinutes = settings.RefitInterval.TotalMinutes,
        FewestNewClicks = settings.FewestNewClicks,
        ConversionPrior = settings.ConversionPrior,
        PriorStrength = settings.PriorStrength,
    };

    /// <exception cref="InvalidRequestException">A setting makes no sense.</exception>
    public CalibratorSettings Over(CalibratorSettings usual)
    {
        var settings = new CalibratorSettings
        {
            Method = Method ?? usual.Method,
            Bins = Bins ?? usual.Bins,
            MixHours = MixHours ?? usual.MixHours,
            RefitInterval = RefitMinutes is { } minutes
                ? LimitWords.TimeOf(minutes, TimeSpan.FromMinutes(1), "settings.refitMinutes") : usual.RefitInterval,
            FewestNewClicks = FewestNewClicks ?? usual.FewestNewClicks,
            ConversionPrior = ConversionPrior ?? usual.ConversionPrior,
            PriorStrength = PriorStrength ?? usual.PriorStrength,
        };
        settings.Check();
        return settings;
    }
}

/// <summary>What a calibrator must show before it is switched to; what is left out is as configured for all.</summary>
internal sealed record CalibratorShadowBody
{
    public int? Impressions { get; init; }

    public int? Clicks { get; init; }

    public double? MostLogLoss { get; init; }

    public double? MostPcocError { get; init; }

    public double? PatienceSeconds { get; init; }

    /// <exception cref="InvalidRequestException">A limit makes no sense.</exception>
    public CalibratorLimits Over(CalibratorLimits usual)
    {
        var limits = new CalibratorLimits
        {
            Impressions = Impressions ?? usual.Impressions,
            Clicks = Clicks ?? usual.Clicks,
            MostLogLoss = MostLogLoss ?? usual.MostLogLoss,
            MostPcocError = MostPcocError ?? usual.MostPcocError,
            Patience = RolloutRoutes.PatienceOf(PatienceSeconds, usual.Patience),
        };
        limits.Check();
        return limits;
    }
}

/// <summary>A version of the calibrator.</summary>
internal sealed record CalibratorBody(string Name, string Version, bool IsRunning, CalibratorSettingsBody Settings);

/// <summary>The calibrator's versions, the last fit, and the change from one version to the next.</summary>
internal sealed record CalibratorsBody(CalibratorBody[] Calibrators, CalibratorFit? Fit, RolloutView Rollout)
{
    public static CalibratorsBody Of(CalibratorsView view) => new(
        [
            .. view.Calibrators.Select(calibrator => new CalibratorBody(
                calibrator.Name, calibrator.Version, calibrator.IsRunning, CalibratorSettingsBody.Of(calibrator.Settings))),
        ],
        view.Fit, view.Rollout);
}

/// <summary><c>/v1/calibrators</c>: how predictions are calibrated, and the way from one version of that to the next.</summary>
internal sealed class CalibratorRoutes(FrontDoorParts parts) : RolloutRoutes
{
    private ICalibratorVersions Calibrators => parts.Calibrators.Need("calibrator that could be changed");

    /// <inheritdoc/>
    protected override IRollout Rollout => Calibrators;

    /// <inheritdoc/>
    public override Task<IResult> GetAsync(HttpContext context) => AnswerAsync(async () => Results.Json(
        CalibratorsBody.Of(await Calibrators.ListAsync(context.RequestAborted).ConfigureAwait(false)), AdminJson.Default.CalibratorsBody));

    public Task<IResult> PublishAsync(HttpContext context) => AnswerAsync(async () =>
    {
        ICalibratorVersions calibrators = Calibrators;
        CalibratorPublishBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.CalibratorPublishBody)
            .ConfigureAwait(false);
        string name = FieldChecks.Id("name", body.Name, "what is the version called?");
        CalibratorSettingsBody wanted = body.Settings ?? throw new InvalidRequestException("settings", "what is to be different?");
        return Published(await calibrators.PublishAsync(
            name, wanted.Over(calibrators.Configured), body.Shadow?.Over(calibrators.Limits), context.RequestAborted)
            .ConfigureAwait(false));
    });
}
