using System.Buffers;
using System.Text.RegularExpressions;

namespace RecallCluster.Testing;

/// <summary>Reads as much of Prometheus' expressions as it takes to say which series they ask for.</summary>
internal static partial class PromQl
{
    /// <summary>Series that are not ours: of Prometheus itself, and of the web server.</summary>
    public static readonly string[] OfOthers = ["up", "http_server_request_duration_seconds_count"];

    private static readonly HashSet<string> Functions =
        ["count", "histogram_quantile", "increase", "max", "max_over_time", "min", "quantile_over_time", "rate", "sum", "vector"];

    private static readonly SearchValues<char> Unended = SearchValues.Create("\"'{}[]$;");

    private static readonly HashSet<string> Words = ["and", "bool", "or", "unless"];

    /// <summary>Names of the series that an expression asks for.</summary>
    /// <exception cref="FormatException">It is no expression, or calls what is no function that is known here.</exception>
    public static IEnumerable<string> SeriesIn(string expression)
    {
        string bare = Quoted().Replace(expression, "");
        bare = Labels().Replace(bare, " ");
        bare = Grouping().Replace(bare, " ");
        bare = Range().Replace(bare, " ");
        int depth = 0;
        if (bare.Any(letter => (depth += letter switch { '(' => 1, ')' => -1, _ => 0 }) < 0) || depth != 0)
            throw new FormatException($"Parentheses do not match: {expression}");
        if (bare.AsSpan().ContainsAny(Unended))
            throw new FormatException($"A string, a selector or a range does not end: {expression}");
        var series = new List<string>();
        foreach (Match name in Name().Matches(bare))
        {
            bool isCall = bare.AsSpan(name.Index + name.Length).TrimStart() is ['(', ..];
            if (Words.Contains(name.Value))
                continue;
            if (isCall && !Functions.Contains(name.Value))
                throw new FormatException($"{name.Value} is no function that is known here: {expression}");
            if (!isCall)
                series.Add(name.Value);
        }
        return series;
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Labels();

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([a-z_, ]*\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\[[0-9]+[smhd](:[0-9]+[smhd])?\]")]
    private static partial Regex Range();

    [GeneratedRegex("[a-zA-Z_:][a-zA-Z0-9_:]*")]
    private static partial Regex Name();
}
