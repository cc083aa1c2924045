using System.Buffers.Text;
using System.Security.Cryptography;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tokens;

/// <summary>
/// Tracking tokens: a win, the one kind of event that it may be used for, and an expiry, signed with HMAC-SHA256 (RFC 2104), in base64url:
/// <code>
/// format 1 | key id 1 | kind 1 | flags 1 | expiry | win … | tag 16
/// └────────────────── signed ───────────────────────────┘
/// </code>
/// The tag is the first half of the HMAC. A token is no secret to whoever sees it, its user's id included; what it says cannot be changed.
/// Nothing is remembered of a token: a repetition is told by the win's id where events are applied. Thread-safe, without locks.
/// </summary>
public sealed class WinTokens
{
    /// <summary>Longest token, in characters.</summary>
    public const int MaxLength = 2048;

    internal const byte Format = 2;
    internal const int TagLength = 16;
    private const int MaxBytes = MaxLength / 4 * 3;
    private volatile TokenKeyRing _keys;

    /// <summary>Tokens signed with the first of <paramref name="keys"/>.</summary>
    public WinTokens(TokenKeyRing keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _keys = keys;
    }

    /// <summary>Signs and reads with other keys from now on.</summary>
    public void Use(TokenKeyRing keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _keys = keys;
    }

    /// <summary>A token.</summary>
    /// <param name="kind">What it may be used for.</param>
    /// <param name="win">What it says.</param>
    /// <param name="expiry">From when on it is refused; whole seconds of the business clock.</param>
    /// <exception cref="ArgumentException">The win's texts are too long for a token.</exception>
    public string Sign(AdEventKind kind, Win win, DateTimeOffset expiry)
    {
        ArgumentNullException.ThrowIfNull(win);
        Span<byte> bytes = stackalloc byte[MaxBytes];
        var writer = new TokenWriter(bytes[..^TagLength]);
        writer.Byte(Format);
        TokenKey key = _keys.Signing;
        writer.Byte(key.Id);
        writer.Write(kind, win, expiry);
        int length = writer.Length;
        if (writer.Overflowed)
            throw new ArgumentException($"The texts of win {win.Id:x32} are too long for a token of {MaxLength} characters.", nameof(win));
        Tag(key, bytes[..length], bytes.Slice(length, TagLength));
        return Base64Url.EncodeToString(bytes[..(length + TagLength)]);
    }

    /// <summary>Reads a token.</summary>
    /// <param name="token">What came in.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="signed">What it says; also given for an expired token, which was genuine. Else null.</param>
    public TokenReading Read(ReadOnlySpan<char> token, DateTimeOffset now, out SignedEvent? signed)
    {
        signed = null;
        if (token.Length > MaxLength)
            return TokenReading.Oversized;
        Span<byte> bytes = stackalloc byte[MaxBytes];
        if (!Base64Url.IsValid(token, out int length) || length < 4 + TagLength || !Base64Url.TryDecodeFromChars(token, bytes, out length))
            return TokenReading.Malformed;
        bytes = bytes[..length];
        if (bytes[0] != Format)
            return TokenReading.Malformed;
        if (_keys.Find(bytes[1]) is not { } key)
            return TokenReading.UnknownKey;
        Span<byte> tag = stackalloc byte[TagLength];
        Tag(key, bytes[..^TagLength], tag);
        if (!CryptographicOperations.FixedTimeEquals(tag, bytes[^TagLength..]))
            return TokenReading.Forged;
        signed = new TokenReader(bytes[2..^TagLength]).Read();
        return signed is null ? TokenReading.Malformed : now < signed.Expiry ? TokenReading.Valid : TokenReading.Expired;
    }

    internal static void Tag(TokenKey key, ReadOnlySpan<byte> signed, Span<byte> tag)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Secret, signed, whole);
        whole[..TagLength].CopyTo(tag);
    }
}

/// <summary>What a genuine token says.</summary>
/// <param name="Kind">What it may be used for.</param>
/// <param name="Win">The win.</param>
/// <param name="Expiry">From when on it is refused.</param>
public sealed record SignedEvent(AdEventKind Kind, Win Win, DateTimeOffset Expiry);

/// <summary>What became of reading a token.</summary>
public enum TokenReading
{
    /// <summary>Genuine and in time.</summary>
    Valid,

    /// <summary>Longer than any token.</summary>
    Oversized,

    /// <summary>No token at all, or of another version.</summary>
    Malformed,

    /// <summary>Signed with a key that is not, or no longer, ours.</summary>
    UnknownKey,

    /// <summary>Its signature does not fit what it says.</summary>
    Forged,

    /// <summary>Genuine, but too old.</summary>
    Expired,
}
