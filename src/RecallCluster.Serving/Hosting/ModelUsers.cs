using System.Runtime.InteropServices;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// Prepares users for a model: names become codes, ids become rows of the vector table, and the model's encoder makes the state of them.
/// </summary>
internal sealed class ModelUsers : IUserStatePreparer
{
    private readonly IUserEncoder _encoder;
    private readonly IAdRows _ads;
    private readonly KnownUsers? _known;
    private readonly IReadOnlyList<ModelField> _fields;
    private readonly Dictionary<string, int> _fieldByName;

    /// <param name="encoder">The model's encoder over <paramref name="ads"/>.</param>
    /// <param name="ads">All ads.</param>
    /// <param name="fields">The model's profile fields.</param>
    /// <param name="known">Known users, in the model's codes, or null.</param>
    public ModelUsers(IUserEncoder encoder, IAdRows ads, IReadOnlyList<ModelField> fields, KnownUsers? known)
    {
        _encoder = encoder;
        _ads = ads;
        _known = known;
        _fields = fields;
        _fieldByName = fields.Index().ToDictionary(f => f.Item.Name, f => f.Index, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public PreparedUser Prepare(UserFeatures user)
    {
        ArgumentNullException.ThrowIfNull(user);
        int row = -1;
        bool known = user.Id is not null && _known is not null && _known.TryRowOf(user.Id, out row);
        int[] profile = new int[_fields.Count];
        if (user.Profile is not null)
            Fill(profile, user.Profile);
        else if (known)
            Fill(profile, row);
        IReadOnlyList<string> ids = user.Sequence ?? (known ? _known!.SequenceOf(row) : []);
        int named = ids.Count + user.Recent.Count;
        var rows = new List<int>(named);
        var behaviour = new List<string>(named);
        foreach (string id in user.Recent.Count == 0 ? ids : ids.Concat(user.Recent))
        {
            if (!_ads.TryRowOf(id, out int ad))
                continue;
            rows.Add(ad);
            behaviour.Add(id);
        }
        int dropped = Math.Max(0, rows.Count - _encoder.SequenceLimit);
        // A state of its own: a shard that is late may still read it when the request has been answered.
        var state = new float[_encoder.UserStateLength];
        _encoder.Encode(profile, CollectionsMarshal.AsSpan(rows)[dropped..], state);
        return new PreparedUser(state, behaviour[dropped..], new UserReading(known, rows.Count - dropped, named - rows.Count, dropped));
    }

    private void Fill(int[] profile, int row)
    {
        for (int field = 0; field < profile.Length; field++)
            profile[field] = _known!.CodeOf(row, field);
    }

    private void Fill(int[] profile, IReadOnlyDictionary<string, ProfileValue> values)
    {
        foreach ((string name, ProfileValue value) in values)
        {
            if (!_fieldByName.TryGetValue(name, out int field))
                throw new InvalidRequestException($"user.profile.{name}", $"there is no such profile field; there "
                    + $"{(_fields.Count == 0 ? "are none" : "are " + string.Join(", ", _fieldByName.Keys))}.");
            profile[field] = CodeOf(_fields[field], value);
        }
    }

    private static int CodeOf(ModelField field, ProfileValue value)
    {
        string path = $"user.profile.{field.Name}";
        if (value.Label is null)
        {
            return value.Code >= 0 && value.Code < field.Cardinality
                ? value.Code
                : throw new InvalidRequestException(path, $"its codes are 0 (unknown) to {field.Cardinality - 1}, not {value.Code}.");
        }
        if (field.Labels is null)
            throw new InvalidRequestException(path, "its codes have no labels here; give a code (whole number).");
        // A label that nobody has seen is what "unknown" is for.
        return Math.Max(0, Array.IndexOf(field.Labels, value.Label));
    }
}
