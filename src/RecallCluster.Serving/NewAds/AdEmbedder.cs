using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.NewAds;

/// <summary>
/// From the side information of ads that a model was not trained with to what they are found and scored by: the ad tower with a zero id
/// embedding. Thread-safe.
/// </summary>
internal sealed class AdEmbedder
{
    private readonly DeepAdModel _model;
    private readonly Field[] _fields;

    /// <param name="model">The model.</param>
    /// <param name="known">The ads' fields of a data set, for the labels of a model that has none; null for none.</param>
    public AdEmbedder(DeepAdModel model, IReadOnlyList<Field>? known) => (_model, _fields) =
        (model, Array.ConvertAll(ModelField.LabelledBy(model.Config.ItemFields, known), field => field.ToField()));

    /// <summary>Checks features.</summary>
    /// <exception cref="InvalidRequestException">
    /// One is not the model's, or its value is not one of the field's; the message names it.
    /// </exception>
    public void Check(IReadOnlyDictionary<string, ProfileValue> features)
    {
        foreach ((string name, ProfileValue value) in features)
        {
            string path = $"features.{name}";
            Field field = _fields.FirstOrDefault(f => f.Name == name) ?? throw new InvalidRequestException(path,
                "the model has no such field; it has "
                + (_fields.Length == 0 ? "none." : string.Join(", ", _fields.Select(f => f.Name)) + "."));
            if (value.Label is null && (value.Code < 0 || value.Code >= field.Cardinality))
                throw new InvalidRequestException(path, $"its codes are 0 (unknown) to {field.Cardinality - 1}, not {value.Code}.");
            if (value.Label is not null && field.Labels is null)
                throw new InvalidRequestException(path, "its codes have no labels here; give a code (whole number).");
        }
    }

    /// <summary>The codes of features, by field; what the model does not know (any more) is 0, "unknown".</summary>
    public int[] CodesOf(IReadOnlyDictionary<string, ProfileValue> features) => [.. _fields.Select(field =>
    {
        if (!features.TryGetValue(field.Name, out ProfileValue value))
            return 0;
        int code = value.Label is { } label ? (field.Labels is { } labels ? Array.IndexOf(labels, label) : 0) : value.Code;
        return code > 0 && code < field.Cardinality ? code : 0;
    })];

    /// <summary>What ads are found and scored by.</summary>
    /// <param name="ids">The ads.</param>
    /// <param name="codes">Their codes, as <see cref="CodesOf"/> gives them.</param>
    public EmbeddedAd[] Embed(string[] ids, int[][] codes)
    {
        int[][] byField = [.. Enumerable.Range(0, _fields.Length).Select(field => Array.ConvertAll(codes, ad => ad[field]))];
        using TargetVectors targets = TargetVectors.OfNewAds(_model, new FeatureTable(ids, _fields, byField));
        using NativeBlock<float> records = _model.Config.Attention == AttentionKind.Linear
            ? ModelFolder.Fold(_model, targets).Records : ModelFolder.PlainRecords(_model, targets);
        int width = targets.Width, length = ModelFolder.RecordLength(_model.Config), each = targets.Codes.Length / Math.Max(1, ids.Length);
        var ads = new EmbeddedAd[ids.Length];
        for (int i = 0; i < ads.Length; i++)
        {
            ads[i] = new EmbeddedAd(
                targets.Vectors.Span((long)i * width, width).ToArray(), records.Span((long)i * length, length).ToArray(),
                targets.Codes[(i * each)..((i + 1) * each)]);
        }
        return ads;
    }
}
