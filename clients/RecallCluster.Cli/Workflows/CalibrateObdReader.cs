using RecallCluster.Calibration.Methods;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Open Bandit logs hold impressions and clicks but no prediction. The simplest honest model makes one: the click rate of the item and
/// position in another log (of the other policy, say), smoothed by the Beta prior that fits all of them. Groups are positions.
/// </summary>
internal static class CalibrateObdReader
{
    private static readonly string[] Columns = ["timestamp", "item_id", "position", "click"];

    private sealed record Row(string Item, string Position, byte Click, double Hours);

    /// <summary>Reads <paramref name="path"/> with predictions from <paramref name="priorPath"/>.</summary>
    /// <exception cref="InvalidDataException">A file is not such a log, or the prior log has no clicks.</exception>
    public static CalibrateLog Read(string path, string priorPath)
    {
        List<Row> prior = Rows(priorPath);
        var counts = new Dictionary<(string, string), (double Clicks, double Impressions)>();
        foreach (Row row in prior)
        {
            (double clicks, double impressions) = counts.GetValueOrDefault((row.Item, row.Position));
            counts[(row.Item, row.Position)] = (clicks + row.Click, impressions + 1);
        }
        if (prior.All(row => row.Click == 0))
            throw new InvalidDataException($"{priorPath}: has no clicks; no prediction can be made from it.");
        (double a, double b) = BetaBinomial.Fit([.. counts.Values.Select(c => c.Clicks)], [.. counts.Values.Select(c => c.Impressions)]);
        var builder = new CalibrateLogBuilder(hasWeights: false, hasGroups: true, hasHours: true);
        foreach (Row row in Rows(path))
        {
            (double clicks, double impressions) = counts.GetValueOrDefault((row.Item, row.Position));
            builder.Add((clicks + a) / (impressions + a + b), row.Click, 1, "position" + row.Position, row.Hours);
        }
        return builder.Build();
    }

    private static List<Row> Rows(string path)
    {
        using var reader = new StreamReader(path);
        string[] names = (reader.ReadLine() ?? throw new InvalidDataException($"{path}: is empty.")).Split(',');
        int[] columns = [.. Columns.Select(name => Array.IndexOf(names, name))];
        if (columns.Any(column => column < 0))
            throw new InvalidDataException($"{path}, line 1: the header needs the columns timestamp, item_id, position and click.");
        var rows = new List<Row>();
        var fields = new List<Range>();
        for (int line = 2; reader.ReadLine() is { } text; line++)
        {
            try
            {
                CalibrateLogReader.Split(text, ',', fields);
                if (fields.Count <= columns.Max())
                    throw new FormatException($"has {fields.Count} fields");
                double click = CalibrateLogReader.Number(text.AsSpan()[fields[columns[3]]], "click");
                if (click is not (0 or 1))
                    throw new FormatException($"column 'click': {click} is neither 0 nor 1");
                rows.Add(new Row(
                    text[fields[columns[1]]], text[fields[columns[2]]], (byte)click,
                    CalibrateLogReader.Hours(text.AsSpan()[fields[columns[0]]], 1)));
            }
            catch (FormatException e)
            {
                throw new InvalidDataException($"{path}, line {line}: {e.Message}.", e);
            }
        }
        return rows.Count > 0 ? rows : throw new InvalidDataException($"{path}: has no rows.");
    }
}
