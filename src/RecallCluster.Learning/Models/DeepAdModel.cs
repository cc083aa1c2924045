using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// The reference model of interest: target attention over the behaviour sequence and a perceptron over (user, attention, target), nothing
/// nonlinear standing between the three and the first layer, so that it can be folded (<see cref="FoldedWeights"/>).
/// <code>
///   profile fields -> transformer block -> user vector --+
///   sequence -> target network -> pooled, last ----------+--> x_u --> W_u x_u + b1 -----------------+
///                 |-> keys, values --+                   +--> r_u (interaction row) ------+         |
///                                    v                                                    |         v
///   ad -> target network -> t_i -> q_i -> attention a(u, i) -> W_a a + W_t t_i + ----------------> act -> W2 -> act -> w3 -> + -> score
///                                    +--> phi(q_i) ---------------------------------- r_u . phi(q_i) ----------------------->|
/// </code>
/// Source of the architecture: NANN, arXiv 2202.10226. The interaction row is an addition: a bilinear path, which a perceptron of this
/// width approximates badly on sparse data.
/// </summary>
public sealed class DeepAdModel : IAdModel
{
    private readonly TargetNetwork _targets;
    private readonly ProfileNetwork _profile;
    private readonly Linear? _interaction;
    private readonly Mlp? _interactionNetwork;
    private readonly HistoryMatch? _match;

    // The plain and the adversarial loss of a step; they are made for the team of the tape.
    private readonly ChunkedLoss?[] _chunks = new ChunkedLoss?[2];
    private WorkerTeam? _team;

    /// <summary>A model with random weights.</summary>
    /// <exception cref="InvalidDataException">The configuration is not usable, or is not of a deep model.</exception>
    public DeepAdModel(ModelConfig config, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        if (config.Kind != ModelKind.Deep)
            throw new InvalidDataException($"Model field 'kind' is {config.Kind}; a deep model is wanted.");
        Config = config;
        _targets = new TargetNetwork(config, random);
        _profile = new ProfileNetwork(config, random);
        int d = config.Width, summary = UserSummary.Parts(config) * d;
        Query = new Linear("attention.query", d, d, random);
        Key = new Linear("attention.key", d, d, random);
        Value = new Linear("attention.value", d, d, random);
        FirstUser = new Linear("first.user", summary, config.Hidden1, random, forRelu: true);
        FirstTarget = new Linear("first.target", d, config.Hidden1, random, bias: false, forRelu: true);
        FirstAttention = new Linear("first.attention", d, config.Hidden1, random, bias: false, forRelu: true);
        FirstActivation = new PRelu("first", config.Hidden1);
        Second = new Linear("second", config.Hidden1, config.Hidden2, random, forRelu: true);
        SecondActivation = new PRelu("second", config.Hidden2);
        Output = new Linear("output", config.Hidden2, 1, random);
        if (HistoryMatch.FieldsOf(config) > 0)
            _match = new HistoryMatch(config, summary, random);
        if (!config.InteractionRow)
            return;
        _interaction = new Linear("interaction.direct", summary, d, random);
        _interactionNetwork = new Mlp("interaction.network", [summary, config.UserHidden, d], random);
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters
    {
        get
        {
            IModule[] parts =
            [
                _targets, _profile, Query, Key, Value,
                FirstUser, FirstTarget, FirstAttention, FirstActivation, Second, SecondActivation, Output,
            ];
            IModule?[] optional = [_match, _interaction, _interactionNetwork];
            return parts.Concat(optional.OfType<IModule>()).SelectMany(part => part.Parameters);
        }
    }

    internal Linear Query { get; }

    internal Linear Key { get; }

    internal Linear Value { get; }

    internal Linear FirstUser { get; }

    internal Linear FirstTarget { get; }

    internal Linear FirstAttention { get; }

    internal PRelu FirstActivation { get; }

    internal Linear Second { get; }

    internal PRelu SecondActivation { get; }

    internal Linear Output { get; }

    /// <summary>Parameters of the layers whose outputs add up to the interaction row.</summary>
    internal IEnumerable<Parameter> InteractionOutputs =>
        _interaction == null ? [] : _interaction.Parameters.Concat(_interactionNetwork!.Layers[^1].Parameters);

    /// <summary>The ads' id embeddings, [ads, id width].</summary>
    internal Parameter Ids => _targets.Ids;

    internal int ProfileFieldCount => _profile.FieldCount;

    /// <inheritdoc/>
    public Tensor Targets(Tape tape, ReadOnlySpan<int> items, FeatureTable catalogue)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        return _targets.Forward(tape, items, catalogue.Codes);
    }

    /// <summary>
    /// Target vectors of ads that the model was not trained with: [n, d]. They come from the side information alone, as if the id
    /// embedding were zero.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="items">Rows of <paramref name="newAds"/>.</param>
    /// <param name="newAds">The new ads, with the fields that the model was made for.</param>
    public Tensor NewTargets(Tape tape, ReadOnlySpan<int> items, FeatureTable newAds)
    {
        ArgumentNullException.ThrowIfNull(newAds);
        return _targets.ForwardNew(tape, items, newAds.Codes);
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, TrainingBatch batch, LossOptions options)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(options);
        Tensor all = Targets(tape, batch.Items, batch.Catalogue);
        DeepUserSide users = Users(tape, all, batch.Users);
        Tensor candidates = tape.SliceFirst(all, 0, batch.CandidateCount);
        Tensor? matches = Matches(
            tape, users, HistoryMatch.CodesOf(Config, batch.Items, batch.Catalogue), batch.CandidateCount, batch.Users);
        Tensor loss = CandidateLoss(tape, users, candidates, matches, batch, options, ChunksFor(tape, 0));
        if (options.AdversarialWeight <= 0)
            return loss;
        Tensor worst = Perturb(tape, candidates, loss, options.AdversarialStep);
        Tensor adversarial = CandidateLoss(tape, users, worst, matches, batch, options, ChunksFor(tape, 1));
        float share = 1 / (1 + options.AdversarialWeight);
        return tape.Add(tape.Scale(loss, share), tape.Scale(adversarial, 1 - share));
    }

    /// <summary>The users' side of the scores.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="targets">Target vectors, [m, d], of which the sequences name rows.</param>
    /// <param name="users">The users.</param>
    internal DeepUserSide Users(Tape tape, Tensor targets, BehaviourBatch users)
    {
        Tensor profile = _profile.Forward(tape, users.Profiles, users.Users);
        Tensor summary = UserSummary.Of(tape, Config, profile, targets, users);
        var places = new Shape(users.Users, users.Places);
        Tensor keys = tape.Lookup(
            LinearAttention ? tape.EluPlusOne(Key.Forward(tape, targets)) : Key.Forward(tape, targets), users.Sequences, places);
        Tensor values = tape.Lookup(Value.Forward(tape, targets), users.Sequences, places);
        Tensor? interaction = _interaction == null
            ? null
            : tape.Add(_interaction.Forward(tape, summary), _interactionNetwork!.Forward(tape, summary));
        return new DeepUserSide(FirstUser.Forward(tape, summary), keys, values, users.Lengths, interaction, _match?.Weights(tape, summary));
    }

    /// <summary>What the history match adds to the scores, [B, n]; null without it.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="users">The users' side.</param>
    /// <param name="codes">Codes of the ads that the sequences name, the candidates first.</param>
    /// <param name="candidates">Number of candidates, n.</param>
    /// <param name="sequences">The sequences.</param>
    internal Tensor? Matches(Tape tape, DeepUserSide users, ReadOnlySpan<int> codes, int candidates, BehaviourBatch sequences) =>
        _match?.Logits(tape, users.Match!, codes, candidates, sequences);

    /// <summary>
    /// Scores of all users against all ads by way of the pairs' full tensors, [B, n]: the reference, for either attention.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="users">The users' side.</param>
    /// <param name="targets">The ads' target vectors, [n, d].</param>
    /// <param name="matches">What the history match adds, [B, n], or null.</param>
    internal Tensor PlainScores(Tape tape, DeepUserSide users, Tensor targets, Tensor? matches)
    {
        int batch = users.Base.Shape[0], n = targets.Shape[0];
        Tensor query = Query.Forward(tape, targets);
        Tensor attention = LinearAttention
            ? AttentionOps.Linear(tape, tape.EluPlusOne(query), users.Keys, users.Values)
            : AttentionOps.Softmax(tape, query, users.Keys, users.Values, users.Lengths);
        Tensor first = tape.Add(FirstAttention.Forward(tape, attention), FirstTarget.Forward(tape, targets));
        first = tape.Add(first, tape.Reshape(users.Base, new Shape(batch, 1, Config.Hidden1)));
        Tensor second = Second.Forward(tape, FirstActivation.Forward(tape, first));
        Tensor scores = tape.Reshape(Output.Forward(tape, SecondActivation.Forward(tape, second)), new Shape(batch, n));
        return tape.Add(scores, Direct(tape, users, tape.EluPlusOne(query), matches));
    }

    private const int UsersPerChunk = 2;

    private bool LinearAttention => Config.Attention == AttentionKind.Linear;

    private Tensor CandidateLoss(
        Tape tape, DeepUserSide users, Tensor candidates, Tensor? matches, TrainingBatch batch, LossOptions options, ChunkedLoss chunks) =>
        LinearAttention
            ? FoldedLoss(tape, users, candidates, matches, batch.Targets, options.Kind, chunks)
            : LogitLoss.Compute(tape, PlainScores(tape, users, candidates, matches), batch.Targets, options.Kind);

    private ChunkedLoss ChunksFor(Tape tape, int loss)
    {
        if (_team != tape.Team)
            Array.Clear(_chunks);
        _team = tape.Team;
        return _chunks[loss] ??= new ChunkedLoss(_team);
    }

    /// <summary>
    /// The loss with the attention folded into the users' side. The activations of all B x n pairs would be hundreds of megabytes a step,
    /// so a few users at a time go forward and backward while theirs are in the cache.
    /// </summary>
    private Tensor FoldedLoss(
        Tape tape, DeepUserSide users, Tensor candidates, Tensor? matches, CandidateTargets targets, LossKind kind, ChunkedLoss chunks)
    {
        int batch = users.Base.Shape[0], n = candidates.Shape[0];
        (Tensor attention, Tensor normalizer) = FoldUsers(tape, users);
        Tensor queries = tape.EluPlusOne(Query.Forward(tape, candidates));
        Tensor scale = tape.Reciprocal(tape.Affine(tape.MatMul(normalizer, queries, transposeB: true), 1, FoldedWeights.Epsilon));
        Tensor[] shared = [queries, FirstTarget.Forward(tape, candidates)];
        Tensor[] perUser =
        [
            attention,
            tape.Reshape(scale, new Shape(batch, n, 1)),
            tape.Reshape(users.Base, new Shape(batch, 1, Config.Hidden1)),
            Direct(tape, users, queries, matches),
        ];
        return chunks.Run(tape, batch, UsersPerChunk, shared, perUser, (part, chunk) =>
        {
            (Tensor phi, Tensor item) = (chunk.Shared[0], chunk.Shared[1]);
            (Tensor folded, Tensor factor, Tensor user, Tensor direct) =
                (chunk.PerEntry[0], chunk.PerEntry[1], chunk.PerEntry[2], chunk.PerEntry[3]);
            Tensor first = part.PReluOfSum(part.MatMul(phi, folded), part.Use(FirstActivation.Slope), factor, user, item);
            Tensor second = part.LinearPRelu(first, part.Use(Second.Weight), part.Use(Second.Bias!), part.Use(SecondActivation.Slope));
            Tensor scores = part.Add(part.Reshape(Output.Forward(part, second), new Shape(chunk.Count, n)), direct);
            return part.Scale(LogitLoss.Compute(part, scores, targets.Rows(chunk.Start, chunk.Count), kind), chunk.Count / (float)batch);
        });
    }

    /// <summary>What goes past the perceptron, [B, n]: the interaction row and the history match.</summary>
    private static Tensor Direct(Tape tape, DeepUserSide users, Tensor queries, Tensor? matches)
    {
        Tensor direct = users.Interaction == null
            ? tape.Full(new Shape(users.Base.Shape[0], queries.Shape[0]), 0)
            : tape.MatMul(users.Interaction, queries, transposeB: true);
        return matches == null ? direct : tape.Add(direct, matches);
    }

    /// <summary>S W_a', [B, d, h1], and z, [B, d], of the linear attention.</summary>
    internal (Tensor Attention, Tensor Normalizer) FoldUsers(Tape tape, DeepUserSide users)
    {
        Tensor sums = tape.MatMul(users.Keys, users.Values, transposeA: true);
        Tensor attention = tape.MatMul(sums, tape.Use(FirstAttention.Weight), transposeB: true);
        Tensor normalizer = tape.SumTo(users.Keys, users.Keys.Shape.With(1, 1));
        return (attention, tape.Reshape(normalizer, new Shape(users.Base.Shape[0], Config.Width)));
    }

    // One step of the candidates along the sign of the loss's gradient, as a constant offset: gradients flow to the vectors themselves.
    private static Tensor Perturb(Tape tape, Tensor candidates, Tensor loss, float step)
    {
        Tensor gradient = tape.Gradients(loss, [candidates])[0];
        float size = System.Numerics.Tensors.TensorPrimitives.SumOfMagnitudes<float>(candidates.Values) / Math.Max(1, candidates.Length);
        using (tape.Pause())
            gradient = tape.Scale(tape.Sign(gradient), step * size);
        return tape.Add(candidates, gradient);
    }
}
