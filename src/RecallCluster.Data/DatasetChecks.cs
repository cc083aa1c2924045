namespace RecallCluster.Data;

/// <summary>The invariants of a <see cref="Dataset"/> in memory.</summary>
internal static class DatasetChecks
{
    /// <summary>Name of the item table, and of its id column.</summary>
    public const string ItemTable = "item";

    /// <summary>Name of the user table, and of its id column.</summary>
    public const string UserTable = "user";

    /// <summary>Checks a feature table.</summary>
    public static void Table(FeatureTable table, string name)
    {
        if (table.Codes.Length != table.Fields.Length)
            throw new ArgumentException($"The {name} table has {table.Fields.Length} fields but {table.Codes.Length} columns of codes.");
        var ids = new HashSet<string>(table.Count, StringComparer.Ordinal);
        for (int row = 0; row < table.Count; row++)
        {
            if (string.IsNullOrEmpty(table.Ids[row]))
                throw new ArgumentException($"The id of {name} row {row} is empty.");
            if (!ids.Add(table.Ids[row]))
                throw new ArgumentException($"The id '{table.Ids[row]}' stands twice in the {name} table.");
        }
        var names = new HashSet<string>(StringComparer.Ordinal) { name };
        for (int f = 0; f < table.Fields.Length; f++)
        {
            FieldShape(table.Fields[f], name);
            if (!names.Add(table.Fields[f].Name))
                throw new ArgumentException($"The {name} table has two columns '{table.Fields[f].Name}'.");
            Codes(table.Codes[f], table.Fields[f], table.Count, name);
        }
    }

    /// <summary>Checks an event log against the sizes of its tables.</summary>
    public static void Log(EventLog log, string name, int users, int items, bool ordered)
    {
        if (log.UserSplits.Length != users + 1 || log.UserSplits[0] != 0 || log.UserSplits[users] != log.Count)
            throw new ArgumentException($"The {name} log's user splits do not run from 0 to its {log.Count} events over {users} users.");
        if (log.Times.Length != log.Count || log.Kinds.Length != log.Count)
            throw new ArgumentException($"The {name} log has {log.Count} items, {log.Times.Length} times and {log.Kinds.Length} kinds.");
        for (int user = 0; user < users; user++)
        {
            if (log.UserSplits[user + 1] < log.UserSplits[user])
                throw new ArgumentException($"The {name} log's user splits descend at user row {user}.");
        }
        for (int user = 0; ordered && user < users; user++)
        {
            for (int e = log.UserSplits[user] + 1; e < log.UserSplits[user + 1]; e++)
            {
                if (log.Times[e] < log.Times[e - 1])
                    throw new ArgumentException($"The {name} log's times descend at event {e}, of user row {user}.");
            }
        }
        for (int e = 0; e < log.Count; e++)
        {
            if ((uint)log.Items[e] >= (uint)items)
                throw new ArgumentException($"Event {e} of the {name} log names item row {log.Items[e]} of {items}.");
            if (log.Kinds[e] > EventKind.Conversion)
                throw new ArgumentException($"Event {e} of the {name} log has the unknown kind {log.Kinds[e]}.");
        }
    }

    private static void FieldShape(Field field, string table)
    {
        if (string.IsNullOrEmpty(field.Name))
            throw new ArgumentException($"A field of the {table} table has no name.");
        if (field.Cardinality < 1)
            throw new ArgumentException(
                $"Field '{field.Name}' of the {table} table has cardinality {field.Cardinality}; it is at least 1.");
        if (field.Labels is not { } labels)
            return;
        if (labels.Length != field.Cardinality)
            throw new ArgumentException(
                $"Field '{field.Name}' of the {table} table has {labels.Length} labels for {field.Cardinality} codes.");
        if (labels[0].Length != 0)
            throw new ArgumentException($"Field '{field.Name}' of the {table} table labels code 0, which is the unknown value.");
    }

    private static void Codes(int[] codes, Field field, int rows, string table)
    {
        if (codes.Length != rows)
            throw new ArgumentException($"Field '{field.Name}' of the {table} table has {codes.Length} codes for {rows} rows.");
        for (int row = 0; row < codes.Length; row++)
        {
            if ((uint)codes[row] >= (uint)field.Cardinality)
                throw new ArgumentException(
                    $"Row {row} of the {table} table: code {codes[row]} of field '{field.Name}' is outside 0 to {field.Cardinality - 1}.");
        }
    }
}
