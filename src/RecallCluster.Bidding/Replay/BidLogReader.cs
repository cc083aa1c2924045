using System.Globalization;

namespace RecallCluster.Bidding.Replay;

/// <summary>How a bidding log is written.</summary>
public enum BidLogFormat
{
    /// <summary>Lines of <c>click price pCTR [hour]</c>, separated by tabs or spaces, price per 1,000 impressions (CPM).</summary>
    Rlb,

    /// <summary>
    /// Comma-separated with a header. <c>price</c> is per 1,000 impressions, <c>cost</c> per impression (one of them is needed),
    /// <c>hour</c> is optional, every other column is a number that a product or KPI may name (<c>pctr</c>, <c>pcvr</c>, ...).
    /// </summary>
    Csv,
}

/// <summary>Reads bidding logs; an error names the file, the line and the column.</summary>
public static class BidLogReader
{
    private const double ImpressionsPerPrice = 1000;

    private static readonly string[] RlbColumns = ["click", "price", "pctr", "hour"];

    /// <summary>Reads a log of any length in one pass; no rows at all make an empty log.</summary>
    /// <exception cref="InvalidDataException">
    /// A line is broken or a number negative, infinite or not one; the message names the place.
    /// </exception>
    public static BidLog Read(string path, BidLogFormat format)
    {
        using var reader = new StreamReader(path, new FileStreamOptions { BufferSize = 1 << 20, Options = FileOptions.SequentialScan });
        string[] names;
        int line = 0, required;
        if (format == BidLogFormat.Csv)
        {
            string header = reader.ReadLine() ?? throw new InvalidDataException($"{path}: is empty; a header is needed.");
            names = [.. header.TrimStart('\uFEFF').Split(',').Select(name => name.Trim().Trim('"').ToLowerInvariant())];
            if (names.Contains("price") == names.Contains("cost"))
                throw new InvalidDataException(
                    $"{path}, line 1: the header needs either price (per 1,000) or cost (per impression); it has: {header}.");
            if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new InvalidDataException($"{path}, line 1: column '{twice.Key}' comes twice.");
            (line, required) = (1, names.Length);
        }
        else
        {
            (names, required) = (RlbColumns, 3);
        }
        var columns = Array.ConvertAll(names, _ => new List<double>());
        while (reader.ReadLine() is { } text)
        {
            line++;
            if (!string.IsNullOrWhiteSpace(text))
                AddRow(columns, names, required, text, format == BidLogFormat.Csv ? "," : "\t ", path, line);
        }
        return Build(names, columns, path);
    }

    private static void AddRow(
        List<double>[] columns, string[] names, int required, ReadOnlySpan<char> text, string separators, string path, int line)
    {
        int column = 0;
        while (!text.IsEmpty || column == 0)
        {
            int end = text.IndexOfAny(separators);
            ReadOnlySpan<char> field = end < 0 ? text : text[..end];
            text = end < 0 ? [] : text[(end + 1)..];
            if (column == names.Length)
                throw new InvalidDataException($"{path}, line {line}: there are more than {names.Length} fields.");
            if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
                throw new InvalidDataException($"{path}, line {line}, column '{names[column]}': '{field}' is not a number.");
            if (!(value >= 0) || double.IsInfinity(value))
                throw new InvalidDataException(
                    $"{path}, line {line}, column '{names[column]}': {field} is not a finite number of 0 or more.");
            if (names[column] is "pctr" or "pcvr" && value > 1)
                throw new InvalidDataException($"{path}, line {line}, column '{names[column]}': {field} is no probability.");
            columns[column++].Add(value);
        }
        if (column < required)
            throw new InvalidDataException($"{path}, line {line}: column '{names[column]}' is missing.");
    }

    private static BidLog Build(string[] names, List<double>[] columns, string path)
    {
        var numbers = new Dictionary<string, double[]>();
        double[] cost = [];
        double[]? hours = null;
        int rows = columns[Math.Max(0, Array.IndexOf(names, "price"))].Count;
        for (int c = 0; c < names.Length; c++)
        {
            double[] values = [.. columns[c]];
            if (double.IsInfinity(values.Sum()))
                throw new InvalidDataException(
                    $"{path}, column '{names[c]}': {values.Length} lines add up to more than a number of double precision can hold.");
            if (names[c] == "price")
                cost = Array.ConvertAll(values, price => price / ImpressionsPerPrice);
            else if (names[c] == "cost")
                cost = values;
            else if (names[c] != "hour")
                numbers[names[c]] = values;
            else if (values.Length == rows && rows > 0)
                hours = values;
            else if (values.Length > 0)
                throw new InvalidDataException($"{path}: {values.Length} of {rows} lines have an hour; either all do or none.");
        }
        return new BidLog(cost, numbers, hours);
    }
}
