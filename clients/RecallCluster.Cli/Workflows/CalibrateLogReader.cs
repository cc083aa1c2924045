using System.Globalization;

namespace RecallCluster.Cli.Workflows;

/// <summary>How a log is written.</summary>
internal enum CalibrateFormat
{
    /// <summary>CSV with a header: p, y and, if they are there, group, time, weight; other columns are ignored.</summary>
    Csv,

    /// <summary>Tab-separated without a header: click, price, pCTR, hour.</summary>
    Ipinyou,

    /// <summary>Open Bandit CSV; predictions are made from another log of it (see <see cref="CalibrateObdReader"/>).</summary>
    Obd,
}

/// <summary>Reads logs line by line; an error names the file, the line and the column.</summary>
internal static class CalibrateLogReader
{
    private const int ReportEvery = 1 << 18;

    private static readonly string[] Columns = ["p", "y", "group", "time", "weight"];

    /// <summary>Reads a log of millions of rows in one pass.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">How it is written; not <see cref="CalibrateFormat.Obd"/>.</param>
    /// <param name="hoursPerUnit">Length of the time column's unit in hours (dates in ISO 8601 need none).</param>
    /// <param name="progress">Told the number of rows now and then.</param>
    /// <exception cref="InvalidDataException">The file is not such a log; the message names the line.</exception>
    public static CalibrateLog Read(string path, CalibrateFormat format, double hoursPerUnit, IProgress<string>? progress)
    {
        using var reader = new StreamReader(path, new FileStreamOptions { BufferSize = 1 << 20, Options = FileOptions.SequentialScan });
        int[] columns;
        char separator;
        int line = 0;
        if (format == CalibrateFormat.Ipinyou)
        {
            (separator, columns, hoursPerUnit) = ('\t', [2, 0, -1, 3, -1], 1);
        }
        else
        {
            separator = ',';
            columns = Header(
                reader.ReadLine() ?? throw new InvalidDataException($"{path}: is empty; a header with the columns p and y is needed."),
                path);
            line = 1;
        }
        var builder = new CalibrateLogBuilder(hasWeights: columns[4] >= 0, hasGroups: columns[2] >= 0, hasHours: columns[3] >= 0);
        var fields = new List<Range>();
        while (reader.ReadLine() is { } text)
        {
            line++;
            if (text.Length == 0)
                continue;
            try
            {
                AddRow(builder, text, separator, columns, fields, hoursPerUnit);
            }
            catch (FormatException e)
            {
                throw new InvalidDataException($"{path}, line {line}: {e.Message}.", e);
            }
            if (builder.Count % ReportEvery == 0)
                progress?.Report($"{builder.Count:N0} rows");
        }
        if (builder.Count == 0)
            throw new InvalidDataException($"{path}: has no rows.");
        return builder.Build();
    }

    /// <summary>Splits one line of CSV; a field in double quotes may hold the separator.</summary>
    internal static void Split(ReadOnlySpan<char> text, char separator, List<Range> fields)
    {
        fields.Clear();
        int start = 0;
        while (start <= text.Length)
        {
            int end;
            if (start < text.Length && text[start] == '"')
            {
                int close = text[(start + 1)..].IndexOf('"');
                if (close < 0)
                    throw new FormatException("a quoted field does not end");
                fields.Add((start + 1)..(start + 1 + close));
                end = start + close + 2;
                if (end < text.Length && text[end] != separator)
                    throw new FormatException("text follows a quoted field");
            }
            else
            {
                int length = text[start..].IndexOf(separator);
                end = length < 0 ? text.Length : start + length;
                fields.Add(start..end);
            }
            start = end + 1;
        }
    }

    internal static double Number(ReadOnlySpan<char> text, string column) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new FormatException($"column '{column}': '{text}' is not a number");

    internal static double Hours(ReadOnlySpan<char> text, double hoursPerUnit)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            return value * hoursPerUnit;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
            return (date - DateTimeOffset.UnixEpoch).TotalHours;
        throw new FormatException($"column 'time': '{text}' is neither a number nor a date");
    }

    private static int[] Header(string header, string path)
    {
        string[] names = [.. header.TrimStart('\uFEFF').Split(',').Select(name => name.Trim().Trim('"'))];
        int[] columns = [.. Columns.Select(name => Array.IndexOf(names, name))];
        if (columns[0] < 0 || columns[1] < 0)
            throw new InvalidDataException($"{path}, line 1: the header needs the columns p and y (and may have group, time, weight); it "
                + $"has: {string.Join(", ", names)}.");
        return columns;
    }

    private static void AddRow(
        CalibrateLogBuilder builder, string text, char separator, int[] columns, List<Range> fields, double hoursPerUnit)
    {
        Split(text, separator, fields);
        ReadOnlySpan<char> p = Field(text, fields, columns[0], "p"), y = Field(text, fields, columns[1], "y");
        builder.Add(
            Number(p, "p"),
            Number(y, "y"),
            columns[4] < 0 ? 1 : Number(Field(text, fields, columns[4], "weight"), "weight"),
            columns[2] < 0 ? default : Field(text, fields, columns[2], "group"),
            columns[3] < 0 ? 0 : Hours(Field(text, fields, columns[3], "time"), hoursPerUnit));
    }

    private static ReadOnlySpan<char> Field(ReadOnlySpan<char> text, List<Range> fields, int column, string name) =>
        column < fields.Count
            ? text[fields[column]].Trim()
            : throw new FormatException($"column '{name}' is missing: the line has {fields.Count} fields");
}
