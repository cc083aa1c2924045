using System.Buffers.Text;
using System.Text;

namespace RecallCluster.Data.Text;

/// <summary>
/// Reads comma-separated values after RFC 4180: a header line; fields may stand in double quotes, and then hold commas, line breaks and
/// doubled quotes. Empty lines are skipped.
/// </summary>
internal sealed class CsvReader : IDisposable
{
    private const byte Quote = (byte)'"';
    private const byte Comma = (byte)',';
    private readonly Utf8LineReader _lines;
    private readonly string[] _header;
    private byte[] _text = new byte[256];
    private int[] _ends = new int[16];
    private int _fields, _used;

    /// <summary>Opens <paramref name="path"/> and reads its header line.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, or its header broken or ambiguous.</exception>
    public CsvReader(string path)
    {
        _lines = new Utf8LineReader(path);
        _header = [];
        try
        {
            if (!ReadRecord())
                throw new InvalidDataException($"{_lines.FileName}: the file is empty.");
            _header = new string[_fields];
            for (int column = 0; column < _fields; column++)
            {
                string name = Text(column);
                if (name.Length == 0 || _header.AsSpan(0, column).Contains(name))
                    throw _lines.Error(column + 1, name, "the column's name is empty or taken.");
                _header[column] = name;
            }
        }
        catch (InvalidDataException)
        {
            _lines.Dispose();
            throw;
        }
    }

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Header => _header;

    /// <summary>Name of the file, for messages.</summary>
    public string FileName => _lines.FileName;

    /// <summary>The bytes of a field of the current row; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> this[int column]
    {
        get
        {
            int start = column == 0 ? 0 : _ends[column - 1];
            return _text.AsSpan(start, _ends[column] - start);
        }
    }

    /// <summary>The position of a column that must be there.</summary>
    public int Column(string name) => TryColumn(name) is var at and >= 0
        ? at
        : throw new InvalidDataException($"{FileName}, line 1: no column '{name}'; there are {string.Join(", ", _header)}.");

    /// <summary>The position of a column, or -1.</summary>
    public int TryColumn(string name) => Array.IndexOf(_header, name);

    /// <summary>Steps to the next row; false at the end of the file.</summary>
    /// <exception cref="InvalidDataException">The row is malformed or has another number of fields than the header.</exception>
    public bool Read()
    {
        if (!ReadRecord())
            return false;
        if (_fields != _header.Length)
            throw _lines.Error($"{_fields} fields, the header has {_header.Length} ({string.Join(", ", _header)}).");
        return true;
    }

    /// <summary>A field as a string.</summary>
    public string Text(int column) => Encoding.UTF8.GetString(this[column]);

    /// <summary>A field that must not be empty.</summary>
    public ReadOnlySpan<byte> Id(int column) => this[column].IsEmpty ? throw Error(column, "the id is empty.") : this[column];

    /// <summary>A field as a finite number.</summary>
    public double Number(int column) =>
        Utf8Parser.TryParse(this[column], out double value, out int consumed) && consumed == this[column].Length && double.IsFinite(value)
            ? value
            : throw Error(column, $"{Utf8LineReader.Quote(this[column])} is not a number.");

    /// <summary>A field as an integer, if it is one.</summary>
    public bool TryInteger(int column, out long value) =>
        Utf8Parser.TryParse(this[column], out value, out int consumed) && consumed == this[column].Length;

    /// <summary>An error in a field of the current row.</summary>
    public InvalidDataException Error(int column, string message) => _lines.Error(column + 1, _header[column], message);

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private bool ReadRecord()
    {
        do
        {
            if (!_lines.Read())
                return false;
        }
        while (_lines.Line.IsEmpty);

        (_fields, _used) = (0, 0);
        int at = 0;
        while (true)
        {
            ReadOnlySpan<byte> line = _lines.Line;
            at = at < line.Length && line[at] == Quote ? ReadQuoted(at + 1) : ReadBare(at);
            EndField();
            if (at == _lines.Line.Length)
                return true;
            at++;
        }
    }

    /// <summary>Takes an unquoted field; returns the position of the comma after it or the end of the line.</summary>
    private int ReadBare(int start)
    {
        ReadOnlySpan<byte> rest = _lines.Line[start..];
        int length = rest.IndexOf(Comma) is var comma and >= 0 ? comma : rest.Length;
        if (rest[..length].Contains(Quote))
            throw _lines.Error($"field {_fields + 1} has a double quote inside but does not begin with one.");
        Append(rest[..length]);
        return start + length;
    }

    /// <summary>Takes a field whose opening quote is behind <paramref name="at"/>; it may run over several lines.</summary>
    private int ReadQuoted(int at)
    {
        long opened = _lines.LineNumber;
        while (true)
        {
            ReadOnlySpan<byte> rest = _lines.Line[at..];
            int quote = rest.IndexOf(Quote);
            if (quote < 0)
            {
                Append(rest);
                Append("\n"u8);
                if (!_lines.Read())
                    throw new InvalidDataException($"{FileName}, line {opened}: a quoted field is never closed.");
                at = 0;
                continue;
            }
            Append(rest[..quote]);
            at += quote + 1;
            if (at == _lines.Line.Length || _lines.Line[at] == Comma)
                return at;
            if (_lines.Line[at] != Quote)
                throw _lines.Error($"field {_fields + 1} goes on behind its closing double quote.");
            Append("\""u8);
            at++;
        }
    }

    private void Append(ReadOnlySpan<byte> value)
    {
        if (_used + value.Length > _text.Length)
            Array.Resize(ref _text, Math.Max(_used + value.Length, _text.Length * 2));
        value.CopyTo(_text.AsSpan(_used));
        _used += value.Length;
    }

    private void EndField()
    {
        if (_fields == _ends.Length)
            Array.Resize(ref _ends, _fields * 2);
        _ends[_fields++] = _used;
    }
}
