using System.Globalization;
using System.Text;

namespace RecallCluster.Http.Metrics;

/// <summary>Writes the Prometheus text format, version 0.0.4.</summary>
/// <remarks>Source: Prometheus documentation, "Exposition formats".</remarks>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>A name of Prometheus from one of System.Diagnostics: dots become underscores, the unit is put behind.</summary>
    public static string NameOf(string instrument, string? unit, bool isCounter)
    {
        string name = string.Concat(instrument.Select((c, i) => char.IsAsciiLetter(c) || c is '_' or ':' || (i > 0 && char.IsAsciiDigit(c)) ? c : '_'));
        string suffix = unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "us" => "_microseconds",
            "By" => "_bytes",
            _ => "", // what stands in braces, such as {request}, is a remark
        };
        if (!name.EndsWith(suffix, StringComparison.Ordinal))
            name += suffix;
        return isCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <summary>The labels of a series: <c>a="x",b="y"</c>, in the order of their names.</summary>
    public static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        KeyValuePair<string, object?>[] sorted = tags.ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        var labels = new StringBuilder();
        foreach ((string key, object? value) in sorted)
        {
            if (labels.Length > 0)
                labels.Append(',');
            labels.Append(NameOf(key, null, false).Replace(':', '_')).Append("=\"");
            Escape(labels, Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
            labels.Append('"');
        }
        return labels.ToString();
    }

    public void Family(string name, string type, string? help)
    {
        if (!string.IsNullOrEmpty(help))
            _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
            _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(NumberOf(value)).Append('\n');
    }

    public override string ToString() => _text.ToString();

    public static string NumberOf(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static void Escape(StringBuilder text, string value)
    {
        foreach (char c in value)
        {
            _ = c switch
            {
                '\\' => text.Append("\\\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append("\\n"),
                _ => text.Append(c),
            };
        }
    }
}
