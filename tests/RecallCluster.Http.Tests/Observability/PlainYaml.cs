namespace RecallCluster.Http.Tests.Observability;

/// <summary>
/// Reads the plain part of YAML that our configuration keeps to: mappings, lists, one-line scalars (plain, or in double quotes
/// without escapes), text blocks ("|"), comments on lines of their own. Anything else is an error that names the line. A mapping is a
/// Dictionary&lt;string, object&gt;, a list a List&lt;object&gt;, all else a string.
/// </summary>
internal sealed class PlainYaml
{
    private readonly (int Number, int Indent, string Text)[] _lines;
    private int _at;

    private PlainYaml(string text) => _lines =
    [
        .. text.Split('\n').Select((line, i) => (i + 1, line.Length - line.TrimStart(' ').Length, line.TrimEnd().TrimStart(' ')))
            .Where(line => line.Item3.Length > 0 && line.Item3[0] != '#'),
    ];

    public static Dictionary<string, object> Read(string text)
    {
        var reader = new PlainYaml(text);
        object document = reader.Block(0);
        return reader._at == reader._lines.Length && document is Dictionary<string, object> mapping
            ? mapping
            : throw reader.Error("is not part of the mapping");
    }

    private object Block(int indent)
    {
        if (_at == _lines.Length || _lines[_at].Indent != indent)
            throw Error($"is not indented by {indent}");
        return _lines[_at].Text.StartsWith("- ", StringComparison.Ordinal) ? List(indent) : Mapping(indent);
    }

    private List<object> List(int indent)
    {
        var list = new List<object>();
        while (IsAt(indent) && _lines[_at].Text.StartsWith("- ", StringComparison.Ordinal))
        {
            string rest = _lines[_at].Text[2..].TrimStart();
            if (!HasKey(rest))
            {
                list.Add(Scalar(rest));
                _at++;
                continue;
            }
            // "- key: value" begins a mapping that is indented by the dash.
            _lines[_at] = (_lines[_at].Number, indent + 2, rest);
            list.Add(Mapping(indent + 2));
        }
        return list;
    }

    private Dictionary<string, object> Mapping(int indent)
    {
        var mapping = new Dictionary<string, object>(StringComparer.Ordinal);
        while (IsAt(indent) && !_lines[_at].Text.StartsWith("- ", StringComparison.Ordinal))
        {
            string text = _lines[_at].Text;
            if (!HasKey(text))
                throw Error("has no key");
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            (string key, string value) = (text[..colon], text[(colon + 1)..].Trim());
            object content;
            _at++;
            if (value == "|")
                content = TextBlock(indent);
            else if (value.Length > 0)
                content = Scalar(value);
            else
                content = IsInside(indent) ? Block(_lines[_at].Indent) : throw Error("should be indented");
            if (!mapping.TryAdd(key, content))
                throw Error($"comes after a second '{key}'");
        }
        return mapping;
    }

    private string TextBlock(int indent)
    {
        var lines = new List<string>();
        while (IsInside(indent))
            lines.Add(_lines[_at++].Text);
        return string.Join('\n', lines);
    }

    private bool IsInside(int indent) => _at < _lines.Length && _lines[_at].Indent > indent;

    private bool IsAt(int indent)
    {
        if (IsInside(indent))
            throw Error("is indented too far");
        return _at < _lines.Length && _lines[_at].Indent == indent;
    }

    private static bool HasKey(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && (colon == text.Length - 1 || text[colon + 1] == ' ')
            && text[..colon].All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
    }

    private string Scalar(string text)
    {
        if (text[0] == '"')
        {
            bool whole = text.Length > 1 && text.IndexOf('"', 1) == text.Length - 1 && !text.Contains('\\');
            return whole ? text[1..^1] : throw Error("has a broken string");
        }
        if (text[0] is '{' or '[' or '&' or '*' or '!' or '\'' or '>' or '%' or '@' or '`' or '|'
            || text.Contains(" #", StringComparison.Ordinal) || text.Contains(": ", StringComparison.Ordinal))
        {
            throw Error($"has a value that is not plain: {text}");
        }
        return text;
    }

    private InvalidDataException Error(string what) =>
        new(_at < _lines.Length ? $"Line {_lines[_at].Number} {what}: {_lines[_at].Text}" : $"The end {what}.");
}
