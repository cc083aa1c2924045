using System.Buffers.Text;
using System.Text;

namespace RecallCluster.Data.Text;

/// <summary>
/// Reads a tab-separated file with a header line, a row at a time and within a row a field at a time. Tab, line feed, carriage return and
/// backslash inside a value stand as <c>\t</c>, <c>\n</c>, <c>\r</c> and <c>\\</c>.
/// </summary>
internal sealed class TsvReader : IDisposable
{
    private const byte Tab = (byte)'\t';
    private const byte Backslash = (byte)'\\';
    private readonly Utf8LineReader _lines;
    private readonly string[] _columns;
    private byte[] _unescaped = [];
    private int _column, _position;

    /// <summary>Opens a file and checks that its header line names <paramref name="columns"/>.</summary>
    /// <exception cref="InvalidDataException">The file is missing or empty, or the header is another one.</exception>
    public TsvReader(string directory, string fileName, string[] columns)
    {
        string path = Path.Combine(directory, fileName);
        if (!File.Exists(path))
            throw new InvalidDataException($"{directory}: {fileName} is missing.");
        _columns = columns;
        _lines = new Utf8LineReader(path);
        try
        {
            CheckHeader();
        }
        catch (InvalidDataException)
        {
            _lines.Dispose();
            throw;
        }
    }

    /// <summary>Length of the file in bytes.</summary>
    public long Length => _lines.Length;

    /// <summary>The line of the current row, from 1.</summary>
    public long LineNumber => _lines.LineNumber;

    /// <summary>Steps to the next row; false at the end of the file.</summary>
    public bool Read()
    {
        if (!_lines.Read())
            return false;
        if (!_lines.HasLineBreak)
            throw _lines.Error("the line does not end with a line break; the file is cut short.");
        (_column, _position) = (0, 0);
        return true;
    }

    /// <summary>The next field of the row as it stands in the file, escapes included.</summary>
    public ReadOnlySpan<byte> Next()
    {
        ReadOnlySpan<byte> line = _lines.Line;
        if (_column >= _columns.Length || _position > line.Length)
            throw WrongColumnCount();
        ReadOnlySpan<byte> rest = line[_position..];
        int tab = rest.IndexOf(Tab);
        ReadOnlySpan<byte> field = tab < 0 ? rest : rest[..tab];
        _position += field.Length + 1;
        _column++;
        return field;
    }

    /// <summary>The next field of the row, unescaped; valid until the next call.</summary>
    public ReadOnlySpan<byte> NextText()
    {
        ReadOnlySpan<byte> field = Next();
        return field.Contains(Backslash) ? Unescape(field) : field;
    }

    /// <summary>The next field of the row as an integer in [<paramref name="min"/>, <paramref name="max"/>].</summary>
    public long NextInteger(long min, long max)
    {
        ReadOnlySpan<byte> field = Next();
        if (!Utf8Parser.TryParse(field, out long value, out int consumed) || consumed != field.Length)
            throw Error($"{Utf8LineReader.Quote(field)} is not an integer.");
        if (value < min || value > max)
            throw Error($"{value} is outside {min} to {max}.");
        return value;
    }

    /// <summary>Checks that the row has no further field.</summary>
    public void EndRow()
    {
        if (_column != _columns.Length || _position <= _lines.Line.Length)
            throw WrongColumnCount();
    }

    /// <summary>An error in the field that was read last.</summary>
    public InvalidDataException Error(string message) => _lines.Error(_column, _columns[_column - 1], message);

    /// <summary>An error in the current row as a whole.</summary>
    public InvalidDataException RowError(string message) => _lines.Error(message);

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private void CheckHeader()
    {
        if (!Read())
            throw new InvalidDataException(
                $"{_lines.FileName}: the file is empty; its first line names the columns {string.Join(", ", _columns)}.");
        foreach (string column in _columns)
        {
            ReadOnlySpan<byte> name = NextText();
            if (!name.SequenceEqual(Encoding.UTF8.GetBytes(column)))
                throw Error($"the header says {Utf8LineReader.Quote(name)}, want '{column}'.");
        }
        EndRow();
    }

    private InvalidDataException WrongColumnCount() =>
        _lines.Error($"{_lines.Line.Count(Tab) + 1} columns, want {_columns.Length} ({string.Join(", ", _columns)}).");

    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> field)
    {
        if (_unescaped.Length < field.Length)
            _unescaped = new byte[field.Length];
        int length = 0;
        for (int i = 0; i < field.Length; i++)
        {
            byte value = field[i];
            if (value == Backslash)
            {
                value = (i + 1 < field.Length ? field[++i] : (byte)0) switch
                {
                    (byte)'t' => Tab,
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    Backslash => Backslash,
                    _ => throw Error($"{Utf8LineReader.Quote(field)} has a backslash that is not part of \\t, \\n, \\r or \\\\."),
                };
            }
            _unescaped[length++] = value;
        }
        return _unescaped.AsSpan(0, length);
    }
}
