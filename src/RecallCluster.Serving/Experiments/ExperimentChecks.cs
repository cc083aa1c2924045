namespace RecallCluster.Serving.Experiments;

/// <summary>What an experiment must be like, by itself and beside those that run.</summary>
internal static class ExperimentChecks
{
    /// <summary>Fewest and most arms of an experiment.</summary>
    public const int FewestArms = 2, MostArms = 8;

    /// <summary>Most layers in which experiments run at once.</summary>
    public const int MostLayers = 8;

    /// <summary>Smallest part of an experiment's users that an arm may have: a smaller one would never tell anything.</summary>
    public const double LeastPart = 1e-4;

    private const double LargestWeight = 1e6;
    private const int MostCandidates = 10_000;

    /// <exception cref="InvalidRequestException">A setting makes no sense; the message names it.</exception>
    public static void Check(ExperimentSettings settings)
    {
        Require(settings.Id > 0, "id", "is positive.");
        RequireText(settings.Name, "name");
        RequireText(settings.Layer, "layer");
        Require(settings.Salt.Length == 0 || RequestLimits.IsId(settings.Salt), "salt", $"has at most {RequestLimits.MaxIdBytes} bytes.");
        Require(settings.FirstBucket is >= 0 and < ExperimentSettings.Buckets, "firstBucket", $"is 0 to {ExperimentSettings.Buckets - 1}.");
        Require(settings.Share is > 0 and <= 1, "share", "is in (0, 1].");
        Require(settings.BucketsEnd > settings.FirstBucket, "share", $"is at least 1 of {ExperimentSettings.Buckets} buckets.");
        Require(
            settings.BucketsEnd <= ExperimentSettings.Buckets, "share",
            $"goes from bucket {settings.FirstBucket} beyond the last of {ExperimentSettings.Buckets}.");
        Require(settings.Arms.Count is >= FewestArms and <= MostArms, "arms", $"has {FewestArms} to {MostArms} entries.");
        for (int i = 0; i < settings.Arms.Count; i++)
            Check(settings.Arms, i);
        double weights = settings.Arms.Sum(arm => arm.Weight);
        foreach ((int i, ExperimentArm arm) in settings.Arms.Index())
        {
            Require(
                arm.Weight >= LeastPart * weights, $"arms[{i}].weight",
                $"gives '{arm.Name}' less than {LeastPart} of the experiment's users.");
        }
        Require(settings.Arms.Any(arm => arm.Treatment is null), "arms", "has no control: an arm without treatment.");
    }

    /// <summary>
    /// What every version relies on, in what was taken once: limits may change, and what was within those of its day is kept and read.
    /// </summary>
    /// <exception cref="InvalidDataException">It is broken; the message says what of it.</exception>
    public static void CheckStructure(ExperimentSettings? settings)
    {
        string? broken = settings is null ? "is null"
            : settings.Id <= 0 ? "has no positive id"
            : settings is not { Name: not null, Layer: not null, Salt: not null, Arms: not null } ? "misses a setting"
            : settings.Arms.Count is < 1 or > MostArms ? "has no arms or too many"
            : settings.Arms.Any(arm => arm is not { Name: not null }) ? "misses an arm or its name"
            : !settings.Arms.All(arm => arm.Weight > 0 && double.IsFinite(arm.Weight)) ? "has an arm without weight"
            : settings.Arms.All(arm => arm.Treatment is not null) ? "has no control"
            : !(settings.Share is > 0 and <= 1) || settings.FirstBucket < 0 || settings.BucketsEnd > ExperimentSettings.Buckets
                ? "takes buckets that there are not" : null;
        if (broken is not null)
            throw new InvalidDataException($"Experiment {settings?.Id} {broken}.");
    }

    /// <summary>Why a command is none that the machine of one experiment knows; null where it is.</summary>
    public static string? ReportProblem(ExperimentCommand command) =>
        command is not ReportExposures report ? "knows reports of exposures only"
        : report.Arms.Length > MostArms || Array.Exists(report.Arms, arm => arm is not { IsWhole: true })
            ? "knows no report with such arms" : null;

    /// <summary>Why a command is none that the machine of all experiments knows; null where it is.</summary>
    public static string? ListProblem(ExperimentCommand command) => command is ReportExposures ? "knows no report of exposures" : null;

    /// <summary>What keeps an experiment from running beside those that do; null for nothing.</summary>
    public static InvalidRequestException? Clash(ExperimentSettings wanted, IEnumerable<ExperimentSettings> running)
    {
        ExperimentSettings[] others = [.. running.Where(other => other.Id != wanted.Id)];
        foreach (ExperimentSettings other in others)
        {
            bool isSameLayer = other.Layer == wanted.Layer;
            if (isSameLayer && other.FirstBucket < wanted.BucketsEnd && wanted.FirstBucket < other.BucketsEnd)
            {
                return new InvalidRequestException(
                    "firstBucket", $"buckets {other.FirstBucket} to {other.BucketsEnd - 1} of layer '{wanted.Layer}' belong to "
                    + $"experiment {other.Id} ({other.Name}).");
            }
            if (!isSameLayer && SharedField(wanted, other) is { } field)
            {
                return new InvalidRequestException(
                    "arms", $"set {field}, as experiment {other.Id} ({other.Name}) of layer '{other.Layer}' does: what both set "
                    + "belongs into one layer, where they share no user.");
            }
        }
        return others.Select(other => other.Layer).Append(wanted.Layer).Distinct(StringComparer.Ordinal).Count() > MostLayers
            ? new InvalidRequestException("layer", $"would be one more than the {MostLayers} layers that there can be at once.")
            : null;
    }

    /// <summary>What of an experiment cannot be changed once it runs; null where only what can was changed.</summary>
    public static InvalidRequestException? Forbidden(ExperimentSettings old, ExperimentSettings wanted)
    {
        string? field = old.Layer != wanted.Layer ? "layer"
            : old.Salt != wanted.Salt ? "salt"
            : old.FirstBucket != wanted.FirstBucket ? "firstBucket"
            : !old.Arms.SequenceEqual(wanted.Arms) ? "arms"
            : null;
        return field is null ? null : new InvalidRequestException(
            field, "cannot be changed: users would change arms in the middle. Stop the experiment and make another one.");
    }

    private static void Check(IReadOnlyList<ExperimentArm> arms, int place)
    {
        ExperimentArm? arm = arms[place];
        string at = $"arms[{place}]";
        Require(arm is not null, at, "is null.");
        RequireText(arm!.Name, $"{at}.name");
        for (int i = 0; i < place; i++)
            Require(arms[i].Name != arm.Name, $"{at}.name", $"'{arm.Name}' is there twice.");
        Require(arm.Weight is > 0 and <= LargestWeight, $"{at}.weight", $"is positive and at most {LargestWeight}.");
        if (arm.Treatment is not { } treatment)
            return;
        Require(treatment.MaxScorings is null or > 0, $"{at}.treatment.maxScorings", "is positive.");
        Require(treatment.Candidates is null or (> 0 and <= MostCandidates), $"{at}.treatment.candidates", $"is 1 to {MostCandidates}.");
        Require(treatment != new Treatment(), $"{at}.treatment", "changes nothing: a control has none.");
    }

    private static string? SharedField(ExperimentSettings one, ExperimentSettings other) =>
        FieldsOf(one).Intersect(FieldsOf(other), StringComparer.Ordinal).FirstOrDefault();

    private static IEnumerable<string> FieldsOf(ExperimentSettings settings)
    {
        foreach (Treatment treatment in settings.Arms.Select(arm => arm.Treatment).OfType<Treatment>())
        {
            if (treatment.MaxScorings is not null)
                yield return "maxScorings";
            if (treatment.Candidates is not null)
                yield return "candidates";
            if (treatment.SkipRanker)
                yield return "skipRanker";
        }
    }

    private static void RequireText(string? text, string field) =>
        Require(RequestLimits.IsId(text), field, $"has 1 to {RequestLimits.MaxIdBytes} bytes.");

    private static void Require(bool condition, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException(field, rule);
    }
}
