using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// The vector model that the deep one is compared with: the same features through the same networks, a user tower over the profile and the
/// pooled sequence, and the inner product of a user's and an ad's vector as score.
/// </summary>
public sealed class TwoTowerModel : IAdModel
{
    private readonly TargetNetwork _targets;
    private readonly ProfileNetwork _profile;
    private readonly Linear _direct;
    private readonly Mlp _tower;

    /// <summary>A model with random weights.</summary>
    /// <exception cref="InvalidDataException">The configuration is not usable, or is not of a two-tower model.</exception>
    public TwoTowerModel(ModelConfig config, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        if (config.Kind != ModelKind.TwoTower)
            throw new InvalidDataException($"Model field 'kind' is {config.Kind}; a two-tower model is wanted.");
        Config = config;
        _targets = new TargetNetwork(config, random);
        _profile = new ProfileNetwork(config, random);
        int summary = UserSummary.Parts(config) * config.Width;
        _direct = new Linear("user.direct", summary, config.Width, random);
        _tower = new Mlp("user.network", [summary, config.UserHidden, config.Width], random);
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters
    {
        get
        {
            IModule[] parts = [_targets, _profile, _direct, _tower];
            return parts.SelectMany(part => part.Parameters);
        }
    }

    internal int ProfileFieldCount => _profile.FieldCount;

    /// <inheritdoc/>
    public Tensor Targets(Tape tape, ReadOnlySpan<int> items, FeatureTable catalogue)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        return _targets.Forward(tape, items, catalogue.Codes);
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, TrainingBatch batch, LossOptions options)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(options);
        Tensor all = Targets(tape, batch.Items, batch.Catalogue);
        Tensor candidates = tape.SliceFirst(all, 0, batch.CandidateCount);
        Tensor logits = tape.MatMul(Users(tape, all, batch.Users), candidates, transposeB: true);
        return LogitLoss.Compute(tape, logits, batch.Targets, options.Kind);
    }

    /// <summary>The users' vectors, [B, d].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="targets">Target vectors, [m, d], of which the sequences name rows.</param>
    /// <param name="users">The users.</param>
    internal Tensor Users(Tape tape, Tensor targets, BehaviourBatch users)
    {
        Tensor profile = _profile.Forward(tape, users.Profiles, users.Users);
        Tensor summary = UserSummary.Of(tape, Config, profile, targets, users);
        return tape.Add(_direct.Forward(tape, summary), _tower.Forward(tape, summary));
    }
}
