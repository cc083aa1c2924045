using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace RecallCluster.Data.Text;

/// <summary>
/// Writes a tab-separated file that <see cref="TsvReader"/> reads, through one buffer, flushed to the disk by <see cref="Complete"/>.
/// </summary>
internal sealed class TsvWriter : IDisposable
{
    private const int BufferSize = 1 << 20;
    private const int LongestNumber = 20;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly SearchValues<char> Escaped = SearchValues.Create("\t\n\r\\");
    private readonly FileStream _stream;
    private byte[] _buffer = new byte[BufferSize];
    private int _filled;
    private bool _inRow;

    /// <summary>Creates the file and writes its header line.</summary>
    public TsvWriter(string path, params ReadOnlySpan<string> columns)
    {
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (string column in columns)
            Text(column);
        EndRow();
    }

    /// <summary>Appends a text field.</summary>
    /// <exception cref="EncoderFallbackException">The text holds half of a surrogate pair and has no UTF-8 form.</exception>
    public void Text(string value)
    {
        if (value.AsSpan().ContainsAny(Escaped))
            value = value.Replace("\\", "\\\\").Replace("\t", "\\t").Replace("\n", "\\n").Replace("\r", "\\r");
        Separate((value.Length * 3L) + 1);
        _filled += StrictUtf8.GetBytes(value, _buffer.AsSpan(_filled));
    }

    /// <summary>Appends a field that is known to be plain UTF-8 without anything to escape.</summary>
    public void Plain(ReadOnlySpan<byte> value)
    {
        Separate(value.Length + 1);
        value.CopyTo(_buffer.AsSpan(_filled));
        _filled += value.Length;
    }

    /// <summary>Appends an integer field.</summary>
    public void Integer(long value)
    {
        Separate(LongestNumber + 1);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_filled), out int written);
        _filled += written;
    }

    /// <summary>Ends the row.</summary>
    public void EndRow()
    {
        Reserve(1);
        _buffer[_filled++] = (byte)'\n';
        _inRow = false;
    }

    /// <summary>Writes what is buffered and waits until the disk has it.</summary>
    public void Complete()
    {
        Drain();
        _stream.Flush(flushToDisk: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Separate(long bytes)
    {
        Reserve(bytes);
        if (_inRow)
            _buffer[_filled++] = (byte)'\t';
        _inRow = true;
    }

    private void Reserve(long bytes)
    {
        if (_filled + bytes <= _buffer.Length)
            return;
        Drain();
        if (bytes > _buffer.Length)
            Array.Resize(ref _buffer, checked((int)bytes));
    }

    private void Drain()
    {
        _stream.Write(_buffer, 0, _filled);
        _filled = 0;
    }
}
