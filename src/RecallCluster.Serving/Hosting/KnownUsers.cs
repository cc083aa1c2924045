using RecallCluster.Data;
using RecallCluster.Learning.Models;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// What a data set says of its users, in a model's codes. The model may be of later data, whose codes are others: labels tell which is
/// which. Immutable.
/// </summary>
internal sealed class KnownUsers
{
    private readonly UserDirectory _users;
    private readonly Source[] _sources;

    /// <param name="users">The users.</param>
    /// <param name="fields">The model's profile fields.</param>
    /// <exception cref="InvalidDataException">
    /// The data set lacks a field, or the codes of one mean something else and have no labels; the message names the field.
    /// </exception>
    public KnownUsers(UserDirectory users, IReadOnlyList<ModelField> fields)
    {
        _users = users;
        Dictionary<string, int> columns = users.Fields.Index().ToDictionary(f => f.Item.Name, f => f.Index, StringComparer.Ordinal);
        _sources = [.. fields.Select(field => columns.TryGetValue(field.Name, out int column)
            ? new Source(column, CodesOf(users.Fields[column], field))
            : throw new InvalidDataException(
                $"The model was made for a profile field '{field.Name}', which the users' data set does not have."))];
    }

    /// <summary>The row of a user in the data set.</summary>
    public bool TryRowOf(string id, out int row) => _users.TryRowOf(id, out row);

    /// <summary>Ids of the ads that the user acted on, oldest first where times are known.</summary>
    public IReadOnlyList<string> SequenceOf(int row) => _users.SequenceOf(row);

    /// <summary>The code of a user's profile field; 0 for what the model does not know.</summary>
    /// <param name="row">The user's row in the data set.</param>
    /// <param name="field">Number of the model's field.</param>
    public int CodeOf(int row, int field)
    {
        (int column, int[]? codes) = _sources[field];
        int code = _users.CodeOf(row, column);
        return codes is null ? code : codes[code];
    }

    /// <summary>The model's codes by those of the data set; null where they are the same.</summary>
    private static int[]? CodesOf(Field known, ModelField field)
    {
        if (known.Labels is { } labels && field.Labels is { } own)
        {
            if (labels.AsSpan().SequenceEqual(own))
                return null;
            var codes = new Dictionary<string, int>(own.Length, StringComparer.Ordinal);
            for (int code = 1; code < own.Length; code++)
                codes.TryAdd(own[code], code);
            // The first is "unknown" everywhere.
            return [.. labels.Select((label, code) => code == 0 ? 0 : codes.GetValueOrDefault(label))];
        }
        return known.Cardinality == field.Cardinality
            ? null
            : throw new InvalidDataException(
                $"The model's profile field '{field.Name}' has {field.Cardinality} codes and that of the users' data set "
                + $"{known.Cardinality}; only labels on both sides could tell which is which.");
    }

    private readonly record struct Source(int Column, int[]? Codes);
}
