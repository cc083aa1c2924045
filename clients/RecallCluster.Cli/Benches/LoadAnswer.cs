using System.Globalization;
using System.Text;

namespace RecallCluster.Cli.Benches;

/// <summary>An answer of HTTP/1.1 (RFC 9112), as far as a load process wants to know it.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Body">The body; of a chunked one the chunks joined.</param>
/// <param name="Closes">Whether the server closes the connection.</param>
internal readonly record struct LoadAnswer(int Status, ReadOnlyMemory<byte> Body, bool Closes)
{
    private const int StatusAt = 9, NoContent = 204, NotModified = 304;

    /// <summary>The answer in what was received; null as long as it is not complete.</summary>
    /// <exception cref="InvalidDataException">It is no answer.</exception>
    public static LoadAnswer? Parse(ReadOnlyMemory<byte> received)
    {
        ReadOnlySpan<byte> bytes = received.Span;
        int head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
            return null;
        ReadOnlySpan<byte> lines = bytes[..(head + 2)];
        if (!lines.StartsWith("HTTP/1.1 "u8) || !int.TryParse(lines.Slice(StatusAt, 3), CultureInfo.InvariantCulture, out int status))
        {
            string begin = Encoding.Latin1.GetString(lines[..Math.Min(40, lines.Length)]);
            throw new InvalidDataException($"This is no answer of HTTP/1.1: {begin}");
        }
        bool closes = Field(lines, "connection"u8).SequenceEqual("close"u8);
        ReadOnlyMemory<byte> rest = received[(head + 4)..];
        if (status is NoContent or NotModified)
            return new LoadAnswer(status, default, closes);
        if (Field(lines, "transfer-encoding"u8).SequenceEqual("chunked"u8))
            return Chunked(rest) is { } body ? new LoadAnswer(status, body, closes) : null;
        if (!int.TryParse(Field(lines, "content-length"u8), CultureInfo.InvariantCulture, out int length))
            throw new InvalidDataException("The answer does not say how long it is.");
        return rest.Length < length ? null : new LoadAnswer(status, rest[..length], closes);
    }

    /// <summary>The value of a header field, its name given in lower case; empty where it is not there.</summary>
    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> name)
    {
        for (int end = lines.IndexOf("\r\n"u8); end >= 0; end = lines.IndexOf("\r\n"u8))
        {
            ReadOnlySpan<byte> line = lines[..end];
            if (line.Length > name.Length && line[name.Length] == (byte)':' && Ascii.EqualsIgnoreCase(line[..name.Length], name))
                return line[(name.Length + 1)..].Trim((byte)' ');
            lines = lines[(end + 2)..];
        }
        return default;
    }

    private static ReadOnlyMemory<byte>? Chunked(ReadOnlyMemory<byte> rest)
    {
        // Nearly every answer is one chunk: only more of them have to be joined.
        ReadOnlyMemory<byte> first = default;
        byte[]? joined = null;
        while (true)
        {
            int line = rest.Span.IndexOf("\r\n"u8);
            if (line < 0)
                return null;
            if (!int.TryParse(rest.Span[..line], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int length)
                || length < 0)
                throw new InvalidDataException("A chunk does not begin with its length.");
            if (rest.Length < line + 2 + length + 2)
                return null;
            if (length == 0)
                return joined ?? first;
            ReadOnlyMemory<byte> chunk = rest.Slice(line + 2, length);
            if (joined is not null || !first.IsEmpty)
                joined = [.. (joined ?? first).Span, .. chunk.Span];
            else
                first = chunk;
            rest = rest[(line + 2 + length + 2)..];
        }
    }
}
