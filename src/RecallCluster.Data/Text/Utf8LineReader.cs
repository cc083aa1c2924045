using System.Text;
using System.Text.Unicode;

namespace RecallCluster.Data.Text;

/// <summary>
/// Reads a UTF-8 file line by line as bytes, without allocating per line, and knows where it is when something is wrong. A line ends with
/// LF or CR LF; a byte order mark is skipped; bytes that are not UTF-8 are an error.
/// </summary>
internal sealed class Utf8LineReader : IDisposable
{
    private const int InitialBuffer = 1 << 20;
    private const int LongestLine = 1 << 28;
    private const byte LineFeed = (byte)'\n';
    private readonly FileStream _stream;
    private byte[] _buffer = new byte[InitialBuffer];
    private int _next, _filled, _lineStart, _lineLength;
    private bool _exhausted;

    /// <summary>Opens <paramref name="path"/>.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public Utf8LineReader(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file.", path);
        FileName = Path.GetFileName(path);
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        Length = _stream.Length;
    }

    /// <summary>Name of the file, for messages.</summary>
    public string FileName { get; }

    /// <summary>Length of the file in bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>Number of the current line, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Whether the current line ended with a line break; only the last line can lack it.</summary>
    public bool HasLineBreak { get; private set; }

    /// <summary>The current line without its line break; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Line => _buffer.AsSpan(_lineStart, _lineLength);

    /// <summary>Steps to the next line; false at the end of the file.</summary>
    /// <exception cref="InvalidDataException">The line is not UTF-8, or longer than 256 MiB.</exception>
    public bool Read()
    {
        int scanned = 0;
        int end;
        while ((end = _buffer.AsSpan(_next + scanned, _filled - _next - scanned).IndexOf(LineFeed)) < 0)
        {
            scanned = _filled - _next;
            if (!Fill())
                break;
        }
        HasLineBreak = end >= 0;
        _lineStart = _next;
        _lineLength = HasLineBreak ? scanned + end : scanned;
        if (!HasLineBreak && _lineLength == 0)
            return false;

        _next += _lineLength + (HasLineBreak ? 1 : 0);
        LineNumber++;
        if (LineNumber == 1 && Line.StartsWith("\uFEFF"u8))
            (_lineStart, _lineLength) = (_lineStart + 3, _lineLength - 3);
        if (!Utf8.IsValid(Line))
            throw Error("the line is not valid UTF-8.");
        if (_lineLength > 0 && _buffer[_lineStart + _lineLength - 1] == (byte)'\r')
            _lineLength--;
        return true;
    }

    /// <summary>An error at the current line.</summary>
    public InvalidDataException Error(string message) => new($"{FileName}, line {LineNumber}: {message}");

    /// <summary>An error at the current line in column <paramref name="column"/> (from 1).</summary>
    public InvalidDataException Error(int column, string name, string message) =>
        new($"{FileName}, line {LineNumber}, column {column} ({name}): {message}");

    /// <summary>A value as it may stand in a message: quoted, shortened, without control characters.</summary>
    public static string Quote(ReadOnlySpan<byte> value)
    {
        const int Shown = 40;
        var text = new StringBuilder("'");
        foreach (char c in Encoding.UTF8.GetString(value[..Math.Min(value.Length, Shown)]))
            text.Append(char.IsControl(c) ? '?' : c);
        return text.Append(value.Length > Shown ? "...'" : "'").ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private bool Fill()
    {
        if (_exhausted)
            return false;
        int kept = _filled - _next;
        if (_next > 0)
        {
            _buffer.AsSpan(_next, kept).CopyTo(_buffer);
            (_next, _filled) = (0, kept);
        }
        else if (kept == _buffer.Length)
        {
            if (kept >= LongestLine)
                throw new InvalidDataException($"{FileName}, line {LineNumber + 1}: the line is longer than {LongestLine} bytes.");
            Array.Resize(ref _buffer, kept * 2);
        }
        int read = _stream.Read(_buffer, _filled, _buffer.Length - _filled);
        _filled += read;
        _exhausted = read == 0;
        return !_exhausted;
    }
}
