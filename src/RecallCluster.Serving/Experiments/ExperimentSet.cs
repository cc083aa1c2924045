using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.Experiments;

/// <summary>The experiments that run, as requests look users up in them: one array look-up a layer. Immutable.</summary>
internal sealed class ExperimentSet
{
    private readonly Layer[] _layers;
    private readonly FrozenSet<long> _ids;

    /// <param name="running">Experiments that run, which passed <see cref="ExperimentChecks"/>.</param>
    /// <param name="meterOf">Where each counts what it answered.</param>
    public ExperimentSet(IReadOnlyCollection<ExperimentSettings> running, Func<ExperimentSettings, ExposureMeter> meterOf)
    {
        _ids = running.Select(settings => settings.Id).ToFrozenSet();
        _layers =
        [
            .. running.GroupBy(settings => settings.Layer, StringComparer.Ordinal).OrderBy(layer => layer.Key, StringComparer.Ordinal)
                .Select(layer => new Layer(layer.Key, [.. layer.Select(settings => new Split(settings, meterOf(settings)))])),
        ];
    }

    /// <summary>None.</summary>
    public static ExperimentSet Empty { get; } = new([], _ => new ExposureMeter(0));

    /// <summary>Whether an experiment runs.</summary>
    public bool Has(long experiment) => _ids.Contains(experiment);

    /// <summary>The arms that a user is in.</summary>
    /// <param name="user">The user's id; null is in none.</param>
    public Assignment Assign(string? user)
    {
        if (user is null || _layers.Length == 0)
            return default;
        ulong hash = StableHash.Of(user);
        var assignment = new Assignment(UserSplit.BlockOf(hash));
        foreach (Layer layer in _layers)
        {
            if (layer.Find(hash) is { } arm)
                assignment.Add(arm);
        }
        return assignment;
    }

    private sealed class Layer
    {
        private readonly ulong _salt;
        private readonly Split?[] _splits = new Split?[ExperimentSettings.Buckets];

        public Layer(string name, Split[] splits)
        {
            _salt = UserSplit.LayerSalt(name);
            foreach (Split split in splits)
                Array.Fill(_splits, split, split.Settings.FirstBucket, split.Settings.BucketsEnd - split.Settings.FirstBucket);
        }

        public AssignedArm? Find(ulong user) => _splits[UserSplit.BucketOf(user, _salt)]?.Find(user);
    }

    private sealed class Split
    {
        private readonly ulong _salt;
        private readonly ulong[] _bounds;
        private readonly AssignedArm[] _arms;

        public Split(ExperimentSettings settings, ExposureMeter meter)
        {
            Settings = settings;
            _salt = UserSplit.ArmSalt(settings);
            _bounds = UserSplit.BoundsOf(settings.Arms);
            _arms = [.. settings.Arms.Select((arm, place) => new AssignedArm(new WonArm(settings.Id, place), arm.Treatment, meter))];
        }

        public ExperimentSettings Settings { get; }

        public AssignedArm Find(ulong user) => _arms[UserSplit.ArmOf(user, _salt, _bounds)];
    }
}

/// <summary>An arm that users are in.</summary>
/// <param name="arm">Which.</param>
/// <param name="treatment">What is different; null for a control.</param>
/// <param name="meter">Where it is counted.</param>
internal sealed class AssignedArm(WonArm arm, Treatment? treatment, ExposureMeter meter)
{
    public WonArm Arm => arm;

    public Treatment? Treatment => treatment;

    public ExposureMeter Meter => meter;

    /// <summary>It alone, for the wins of users that are in no other: most are.</summary>
    public IReadOnlyList<WonArm> Alone { get; } = [arm];
}

/// <summary>The arms that one request's user is in, and what they make of the request. Nothing is set apart for it.</summary>
internal struct Assignment
{
    private readonly int _block;
    private Arms _arms;
    private int _count;

    /// <param name="block">The user's block.</param>
    public Assignment(int block) => _block = block;

    /// <summary>Most ads that may be scored; null for no limit of its own.</summary>
    public int? MaxScorings { get; private set; }

    /// <summary>Ads that are bid for in a request of one slot; null for as many as the gateway says.</summary>
    public int? Candidates { get; private set; }

    /// <summary>Whether no ranker is asked.</summary>
    public bool SkipRanker { get; private set; }

    /// <summary>Puts the user into an arm. Two arms of different layers never set the same.</summary>
    public void Add(AssignedArm arm)
    {
        _arms[_count++] = arm;
        if (arm.Treatment is not { } treatment)
            return;
        MaxScorings = treatment.MaxScorings ?? MaxScorings;
        Candidates = treatment.Candidates ?? Candidates;
        SkipRanker |= treatment.SkipRanker;
    }

    /// <summary>The arms, for a win; null for none.</summary>
    public readonly IReadOnlyList<WonArm>? ToWon()
    {
        if (_count <= 1)
            return _count == 0 ? null : _arms[0].Alone;
        var won = new WonArm[_count];
        for (int i = 0; i < won.Length; i++)
            won[i] = _arms[i].Arm;
        return won;
    }

    /// <summary>The request was answered.</summary>
    /// <param name="ads">With so many ads.</param>
    public readonly void Count(int ads)
    {
        for (int i = 0; i < _count; i++)
            _arms[i].Meter.Count(_arms[i].Arm.Arm, _block, ads);
    }

    [InlineArray(ExperimentChecks.MostLayers)]
    private struct Arms
    {
        private AssignedArm _first;
    }
}
