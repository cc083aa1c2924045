using RecallCluster.Data;

namespace RecallCluster.Serving.Hosting;

/// <summary>What is known of users from a data set: profile codes, and the ads of all their events.</summary>
public sealed class UserDirectory
{
    private readonly Dataset _dataset;
    private readonly Dictionary<string, int> _rows;

    /// <summary>A directory of the users of <paramref name="dataset"/>.</summary>
    public UserDirectory(Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        _dataset = dataset;
        _rows = new Dictionary<string, int>(dataset.Users.Count, StringComparer.Ordinal);
        for (int row = 0; row < dataset.Users.Count; row++)
            _rows.Add(dataset.Users.Ids[row], row);
    }

    /// <summary>The profile fields.</summary>
    public IReadOnlyList<Field> Fields => _dataset.Users.Fields;

    /// <summary>The ads' fields.</summary>
    internal IReadOnlyList<Field> AdFields => _dataset.Items.Fields;

    /// <summary>The row of a user.</summary>
    internal bool TryRowOf(string id, out int row) => _rows.TryGetValue(id, out row);

    /// <summary>The code of a profile field.</summary>
    internal int CodeOf(int row, int field) => _dataset.Users.Codes[field][row];

    /// <summary>Ids of the ads that the user acted on, oldest first where times are known.</summary>
    internal IReadOnlyList<string> SequenceOf(int row)
    {
        var ids = new List<string>();
        foreach (EventLog log in new[] { _dataset.Train, _dataset.Validation, _dataset.Test })
        {
            foreach (int item in log.ItemsOf(row))
                ids.Add(_dataset.Items.Ids[item]);
        }
        return ids;
    }
}
