using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace RecallCluster.Http.Security;

/// <summary>
/// An API key as it is kept: its hash only. The key itself, <c>rck_{id}_{secret}</c>, is shown once, when it is made. The secret has 256
/// random bits, which nobody can guess, so a plain SHA-256 is hash enough: there is nothing for a slow one to slow down.
/// </summary>
public sealed record ApiKey
{
    /// <summary>Bytes of randomness in a key.</summary>
    public const int SecretLength = 32;

    internal const string Prefix = "rck_";
    private const int IdBytes = 6;
    private static readonly int TextLength = Prefix.Length + (2 * IdBytes) + 1 + Base64Url.GetEncodedLength(SecretLength);
    private readonly byte[] _hash;

    /// <summary>A key that was made before.</summary>
    /// <param name="id">Names it.</param>
    /// <param name="roles">What it allows.</param>
    /// <param name="hash">SHA-256 of its text.</param>
    /// <exception cref="ArgumentException">An argument is not of its form.</exception>
    public ApiKey(string id, ApiRoles roles, ReadOnlySpan<byte> hash)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id.Length != 2 * IdBytes || !id.All(char.IsAsciiHexDigitLower))
            throw new ArgumentException($"A key's id has {2 * IdBytes} lower-case hexadecimal digits.", nameof(id));
        if (roles == ApiRoles.None)
            throw new ArgumentException("A key without roles opens nothing.", nameof(roles));
        if (hash.Length != SHA256.HashSizeInBytes)
            throw new ArgumentException($"A key's hash has {SHA256.HashSizeInBytes} bytes.", nameof(hash));
        Id = id;
        Roles = roles;
        _hash = hash.ToArray();
    }

    /// <summary>Names the key; no secret, fit for logs.</summary>
    public string Id { get; }

    /// <summary>What it allows.</summary>
    public ApiRoles Roles { get; }

    /// <summary>Requests a second that it allows on average; null for the door's own limit.</summary>
    public int? RequestsPerSecond { get; init; }

    /// <summary>Requests that may be under way with it at once; null for any number.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>What it is for, for people.</summary>
    public string Note { get; init; } = "";

    internal ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Makes a key.</summary>
    /// <param name="roles">What it allows.</param>
    /// <param name="text">The key itself, to be handed to its user; it cannot be had again.</param>
    public static ApiKey Create(ApiRoles roles, out string text)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        text = $"{Prefix}{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretLength))}";
        return new ApiKey(id, roles, SHA256.HashData(Encoding.ASCII.GetBytes(text)));
    }

    /// <summary>The id within a key's text; null where the text is no key.</summary>
    internal static string? IdOf(ReadOnlySpan<char> text) =>
        text.Length == TextLength && text.StartsWith(Prefix) && text[Prefix.Length + (2 * IdBytes)] == '_'
            ? text.Slice(Prefix.Length, 2 * IdBytes).ToString()
            : null;

    /// <summary>Whether this is the key of a text; takes the same time whatever differs.</summary>
    internal bool Matches(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[text.Length];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (!Encoding.ASCII.TryGetBytes(text, bytes, out int length))
            return false;
        SHA256.HashData(bytes[..length], hash);
        return CryptographicOperations.FixedTimeEquals(hash, _hash);
    }
}
