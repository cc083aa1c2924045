namespace RecallCluster.Data.Text;

/// <summary>
/// Reads lines of words separated by spaces or tabs, as the sequence files of recommender papers have them. Empty lines are skipped.
/// </summary>
internal sealed class WordReader(string path) : IDisposable
{
    private readonly Utf8LineReader _lines = new(path);
    private int _position;

    /// <summary>Name of the file, for messages.</summary>
    public string FileName => _lines.FileName;

    /// <summary>The current line, from 1.</summary>
    public long LineNumber => _lines.LineNumber;

    /// <summary>Steps to the next line that has a word; false at the end of the file.</summary>
    public bool Read()
    {
        do
        {
            if (!_lines.Read())
                return false;
            _position = 0;
        }
        while (AtEnd());
        return true;
    }

    /// <summary>The next word of the line, empty at its end; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Next()
    {
        if (AtEnd())
            return [];
        ReadOnlySpan<byte> rest = _lines.Line[_position..];
        int length = rest.IndexOfAny((byte)' ', (byte)'\t') is var blank and >= 0 ? blank : rest.Length;
        _position += length;
        return rest[..length];
    }

    /// <summary>An error at the current line.</summary>
    public InvalidDataException Error(string message) => _lines.Error(message);

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private bool AtEnd()
    {
        ReadOnlySpan<byte> line = _lines.Line;
        while (_position < line.Length && line[_position] is (byte)' ' or (byte)'\t')
            _position++;
        return _position >= line.Length;
    }
}
