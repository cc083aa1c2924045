using System.Buffers;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// Ranks with a second deep model, such as one with softmax attention, which no graph is walked with: its vectors and records of all ads
/// lie ready, and only what retrieval found is scored.
/// </summary>
public sealed class ModelRanker : IRanker, IDisposable
{
    private readonly TargetVectors _targets;
    private readonly PreparedModel _model;
    private readonly ItemRows _rows;
    private readonly ModelUsers _users;

    private ModelRanker(DeepAdModel model, string fingerprint, Dataset dataset, KnownUsers? users)
    {
        Clicks = ClickModel.Of(fingerprint, ClickScaleEstimate.Of(model, dataset));
        _targets = TargetVectors.Compute(model, dataset.Items);
        _model = PreparedModel.Of(model, _targets);
        _rows = new ItemRows(dataset.Items.Ids);
        _users = new ModelUsers(_model.Encoder, _rows, ModelField.LabelledBy(model.Config.UserFields, dataset.Users.Fields), users);
    }

    /// <inheritdoc/>
    public ClickModel Clicks { get; }

    /// <summary>Opens a model for the ads of a data set.</summary>
    /// <param name="modelDirectory">Directory of the deep model.</param>
    /// <param name="dataset">The data set that it was trained on.</param>
    /// <param name="users">Known users, for requests that name their user only; null for none.</param>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or the model was made for other ads.</exception>
    /// <exception cref="NotSupportedException">It is not a deep model.</exception>
    public static ModelRanker Open(string modelDirectory, Dataset dataset, UserDirectory? users)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (ModelDirectory.Load(modelDirectory) is not DeepAdModel model)
            throw new NotSupportedException($"{modelDirectory} holds a vector model; ranking wants a deep one.");
        model.Config.RequireFit(dataset);
        KnownUsers? known = users is null ? null : new KnownUsers(users, model.Config.UserFields);
        return new ModelRanker(model, ModelFingerprint.Of(modelDirectory), dataset, known);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidRequestException">A profile field does not exist or its value is not one of the field's.</exception>
    public void Score(UserFeatures user, ReadOnlySpan<string> ads, Span<float> scores)
    {
        PreparedUser prepared = _users.Prepare(user);
        int[] rows = ArrayPool<int>.Shared.Rent(ads.Length);
        float[] found = ArrayPool<float>.Shared.Rent(ads.Length);
        int known = 0;
        for (int i = 0; i < ads.Length; i++)
        {
            bool isKnown = _rows.TryRowOf(ads[i], out int row);
            // Not a number until it is scored: what is unknown stays so.
            scores[i] = isKnown ? 0 : float.NaN;
            if (isKnown)
                rows[known++] = row;
        }
        _model.Scorer.Score(prepared.State.Span, rows.AsSpan(0, known), found.AsSpan(0, known));
        for (int i = 0, next = 0; i < ads.Length; i++)
        {
            if (!float.IsNaN(scores[i]))
                scores[i] = found[next++];
        }
        ArrayPool<int>.Shared.Return(rows);
        ArrayPool<float>.Shared.Return(found);
    }

    /// <summary>Frees vectors and records; nobody may be ranking.</summary>
    public void Dispose()
    {
        _model.Dispose();
        _targets.Dispose();
    }

    private sealed class ItemRows : IAdRows
    {
        private readonly Dictionary<string, int> _rows;

        public ItemRows(string[] ids)
        {
            _rows = new Dictionary<string, int>(ids.Length, StringComparer.Ordinal);
            for (int row = 0; row < ids.Length; row++)
                _rows.Add(ids[row], row);
        }

        public bool TryRowOf(string id, out int row) => _rows.TryGetValue(id, out row);
    }
}
