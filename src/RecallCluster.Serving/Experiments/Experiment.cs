using System.Globalization;
using System.Text.Json;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Experiments;

/// <summary>
/// What is counted of one experiment, by arm and block of users: what gateways report that they answered, and what campaigns' ledgers
/// applied of what was won under an arm. A state machine without I/O; it takes what is there for a stopped experiment, too, whose clicks
/// and conversions still come.
/// </summary>
internal sealed class Experiment : IStateMachine
{
    /// <summary>What keys of experiments begin with.</summary>
    public const string Prefix = "experiment/";

    private readonly string _key;
    private readonly Dictionary<int, ReportPlace> _heard = [];
    private readonly List<ArmSums> _arms = [];
    private bool _isDeleted;

    /// <param name="key">Its key.</param>
    public Experiment(string key)
    {
        _key = key;
        if (!long.TryParse(key.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long id))
            throw new InvalidDataException($"'{key}' is no key of an experiment.");
        Id = id;
    }

    /// <summary>Its id.</summary>
    public long Id { get; }

    /// <summary>The machine of an experiment.</summary>
    public static string KeyOf(long experiment) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{experiment}");

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        ExperimentCommand command = record.Read(ServingJson.Default.ExperimentCommand);
        if (ExperimentChecks.ReportProblem(command) is { } problem)
            throw new InvalidDataException($"Journal record {record.Sequence}: {_key} {problem}.");
        var report = (ReportExposures)command;
        var place = new ReportPlace(report.Epoch, report.Number);
        if (_isDeleted || (_heard.TryGetValue(report.Gateway, out ReportPlace last) && !place.IsAfter(last)))
            return new Applied(false);
        for (int arm = 0; arm < report.Arms.Length; arm++)
            SumsOf(arm).Add(report.Arms[arm]);
        _heard[report.Gateway] = place;
        return new Applied(true);
    }

    /// <inheritdoc/>
    public void Follow(JournalRecord record, byte verdict)
    {
        if (verdict != 0 || _isDeleted)
            return;
        if (!record.Key.StartsWith(CampaignDirectory.Prefix, StringComparison.Ordinal))
        {
            if (record.Read(ServingJson.Default.ExperimentCommand) is DeleteExperiment delete && delete.Experiment == Id)
                Forget();
        }
        else if (record.Read(ServingJson.Default.CampaignCommand) is EventCommand { Event: var happened })
        {
            Take(happened);
        }
    }

    /// <summary>A copy of what was counted.</summary>
    public ExperimentCounts Copy() => new([.. _arms.Select(arm => arm.Copy())]);

    /// <summary>
    /// Forgets which reports were told: gateways' lives are counted anew where it is moved to, so that those to come would look old. What was
    /// counted stays.
    /// </summary>
    public void ForgetReporters() => _heard.Clear();

    /// <inheritdoc/>
    public byte[] Snapshot() => JsonSerializer.SerializeToUtf8Bytes(
        new ExperimentState(
            [.. _arms], [.. _heard.Select(heard => new HeardGateway(heard.Key, heard.Value.Epoch, heard.Value.Number))], _isDeleted),
        ServingJson.Default.ExperimentState);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        ExperimentState state = SnapshotSections.ReadJson(snapshot, ServingJson.Default.ExperimentState, $"The snapshot of {_key}");
        if (state.Arms.Length > ExperimentChecks.MostArms || Array.Exists(state.Arms, arm => arm is not { IsWhole: true }))
            throw new InvalidDataException($"The snapshot of {_key}: too many arms, or one of other than {UserSplit.Blocks} blocks.");
        _arms.AddRange(state.Arms);
        foreach (HeardGateway heard in state.Heard)
            _heard[heard.Gateway] = new ReportPlace(heard.Epoch, heard.Number);
        _isDeleted = state.IsDeleted;
    }

    private void Take(AdEvent happened)
    {
        if (happened.Win.UserId is not { } user)
            return;
        foreach (WonArm won in happened.Win.Arms ?? [])
        {
            if (won.Experiment == Id && won.Arm is >= 0 and < ExperimentChecks.MostArms)
                SumsOf(won.Arm).Add(happened, UserSplit.BlockOf(Numerics.StableHash.Of(user)));
        }
    }

    private ArmSums SumsOf(int arm)
    {
        while (_arms.Count <= arm)
            _arms.Add(new ArmSums());
        return _arms[arm];
    }

    private void Forget()
    {
        _arms.Clear();
        _heard.Clear();
        _isDeleted = true;
    }

    private readonly record struct ReportPlace(long Epoch, long Number)
    {
        public bool IsAfter(ReportPlace other) => Epoch != other.Epoch ? Epoch > other.Epoch : Number > other.Number;
    }
}

/// <summary>An experiment's counts as a snapshot keeps them.</summary>
internal sealed record ExperimentState(ArmSums[] Arms, HeardGateway[] Heard, bool IsDeleted);

/// <summary>The last report that was taken of a gateway.</summary>
internal sealed record HeardGateway(int Gateway, long Epoch, long Number);

/// <summary>What was counted of an experiment.</summary>
/// <param name="Arms">By arm; arms of which nothing was heard may be missing at the end.</param>
internal sealed record ExperimentCounts(IReadOnlyList<ArmSums> Arms);
