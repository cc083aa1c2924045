using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Http.Admin;

/// <summary>Body of <c>PUT /v1/experiments/{id}</c>, and the settings in every answer.</summary>
internal sealed record ExperimentBody
{
    public string? Name { get; init; }

    /// <summary>Experiments of one layer share no user.</summary>
    public string? Layer { get; init; }

    /// <summary>Another salt splits the users among the arms otherwise; none unless told.</summary>
    public string? Salt { get; init; }

    /// <summary>First of the layer's 10,000 buckets; 0 unless told.</summary>
    public int? FirstBucket { get; init; }

    /// <summary>Share of all users, in (0, 1].</summary>
    public double? Share { get; init; }

    public ExperimentArmBody?[]? Arms { get; init; }

    public static ExperimentBody Of(ExperimentSettings settings) => new()
    {
        Name = settings.Name,
        Layer = settings.Layer,
        Salt = settings.Salt,
        FirstBucket = settings.FirstBucket,
        Share = settings.Share,
        Arms = [.. settings.Arms.Select(arm => new ExperimentArmBody(arm.Name, arm.Weight, TreatmentBody.Of(arm.Treatment)))],
    };

    /// <exception cref="InvalidRequestException">A setting is missing; what makes no sense is found by who takes it.</exception>
    public ExperimentSettings ToSettings(long id) => new()
    {
        Id = id,
        Name = FieldChecks.Required("name", Name, "what is it called?"),
        Layer = FieldChecks.Required("layer", Layer, "which experiments must share no user with it?"),
        Salt = Salt ?? "",
        FirstBucket = FirstBucket ?? 0,
        Share = FieldChecks.Required("share", Share, "of all users, in (0, 1]."),
        Arms = [.. FieldChecks.Required("arms", Arms, "what is compared?").Select((arm, i) => ExperimentArmBody.ToArm($"arms[{i}]", arm))],
    };
}

/// <summary>An arm: its weight is 1 unless told, without a treatment it is a control.</summary>
internal sealed record ExperimentArmBody(string? Name, double? Weight = null, TreatmentBody? Treatment = null)
{
    public static ExperimentArm ToArm(string at, ExperimentArmBody? body) => new(
        FieldChecks.Required($"{at}.name", body?.Name, "what is it called?"), body!.Weight ?? 1, body.Treatment?.ToTreatment());
}

/// <summary>What is different under an arm.</summary>
internal sealed record TreatmentBody
{
    /// <summary>Most ads that may be scored, over all shards.</summary>
    public int? MaxScorings { get; init; }

    /// <summary>Ads that are bid for in a request of one slot.</summary>
    public int? Candidates { get; init; }

    /// <summary>Whether no ranker scores anew what was found.</summary>
    public bool? SkipRanker { get; init; }

    public static TreatmentBody? Of(Treatment? treatment) => treatment is null ? null : new TreatmentBody
    {
        MaxScorings = treatment.MaxScorings,
        Candidates = treatment.Candidates,
        SkipRanker = treatment.SkipRanker ? true : null,
    };

    public Treatment ToTreatment() => new() { MaxScorings = MaxScorings, Candidates = Candidates, SkipRanker = SkipRanker ?? false };
}

/// <summary>An experiment as it stands.</summary>
internal sealed record ExperimentViewBody(
    long Id, long Version, bool IsRunning, DateTimeOffset StartedAt, DateTimeOffset? StoppedAt, ExperimentBody Settings,
    ExperimentResultsBody? Results)
{
    public static ExperimentViewBody Of(ExperimentView view) => new(
        view.Settings.Id, view.Version, view.StoppedAt is null, view.StartedAt, view.StoppedAt, ExperimentBody.Of(view.Settings),
        ExperimentResultsBody.Of(view.Results));
}

/// <summary>What came of an experiment: which arm the others are compared with, and whether requests fell on them as they should.</summary>
internal sealed record ExperimentResultsBody(string Control, double SampleRatioP, ArmResultBody[] Arms)
{
    public static ExperimentResultsBody? Of(ExperimentResults? results) => results is null ? null : new ExperimentResultsBody(
        results.Arms[results.Control].Name, results.SampleRatioP, [.. results.Arms.Select(ArmResultBody.Of)]);
}

/// <summary>What came of one arm; a ratio of nothing is missing.</summary>
internal sealed record ArmResultBody(
    string Name, long Requests, long Answered, long Ads, long Impressions, long Clicks, long Conversions, decimal Spend,
    RatioBody ClickRate, RatioBody ConversionRate, RatioBody RevenuePerThousand)
{
    public static ArmResultBody Of(ArmResult arm) => new(
        arm.Name, arm.Requests, arm.Answered, arm.Ads, arm.Impressions, arm.Clicks, arm.Conversions, FieldChecks.Units(arm.Spend),
        RatioBody.Of(arm.ClickRate), RatioBody.Of(arm.ConversionRate), RatioBody.Of(arm.RevenuePerThousand));
}

/// <summary>A ratio, and how much higher it is than the control's with a 95 % interval; 0.05 for five per cent.</summary>
internal sealed record RatioBody(double? Value, double? Lift, double? LiftLow, double? LiftHigh)
{
    public static RatioBody Of(ArmRatio ratio) => new(ratio.Value, ratio.Lift?.Value, ratio.Lift?.Low, ratio.Lift?.High);
}

/// <summary>All experiments, by id.</summary>
internal sealed record ExperimentsBody(ExperimentViewBody[] Experiments);
