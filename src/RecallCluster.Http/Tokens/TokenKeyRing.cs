using System.Buffers.Text;
using System.Globalization;
using RecallCluster.Http.Security;

namespace RecallCluster.Http.Tokens;

/// <summary>
/// The keys of tracking tokens. The first signs; all of them are accepted, so that a key can be replaced while tokens that it signed are
/// still out: add a new one in front, and drop the old one when its last token has expired. Immutable.
/// </summary>
public sealed class TokenKeyRing
{
    /// <summary>Most keys of a ring.</summary>
    public const int MaxKeys = 8;

    private readonly TokenKey[] _keys;

    /// <summary>A ring.</summary>
    /// <param name="keys">The one that signs first.</param>
    /// <exception cref="ArgumentException">There are none, too many, or two of one id.</exception>
    public TokenKeyRing(IReadOnlyList<TokenKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count is 0 or > MaxKeys)
            throw new ArgumentException($"A key ring has 1 to {MaxKeys} keys, not {keys.Count}.", nameof(keys));
        if (keys.DistinctBy(key => key.Id).Count() != keys.Count)
            throw new ArgumentException("Two keys of a ring have the same id.", nameof(keys));
        _keys = [.. keys];
    }

    internal TokenKey Signing => _keys[0];

    /// <summary>Ids of the keys, the one that signs first.</summary>
    public IReadOnlyList<byte> Ids => [.. _keys.Select(key => key.Id)];

    /// <summary>A ring of one new key, which is gone with the process: no token outlives it.</summary>
    public static TokenKeyRing CreateEphemeral() => new([TokenKey.Create((byte)Random.Shared.Next(256))]);

    /// <summary>The ring that a file holds, one key a line as "id secret"; where there is no file, a new ring is written first.</summary>
    /// <exception cref="InvalidDataException">The file is broken; the message names the line.</exception>
    /// <exception cref="IOException">It can be neither read nor written.</exception>
    public static TokenKeyRing LoadOrCreate(string path)
    {
        if (File.Exists(path))
            return Load(path);
        var ring = new TokenKeyRing([TokenKey.Create(1)]);
        ring.Save(path);
        return ring;
    }

    /// <summary>This ring with a new key in front; of the old ones as many stay as there is room for.</summary>
    /// <param name="keep">Most keys of the new ring, 2 to <see cref="MaxKeys"/>.</param>
    public TokenKeyRing Rotate(int keep = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keep, MaxKeys);
        byte id = Signing.Id;
        do
        {
            id++;
        }
        while (Find(id) is not null);
        return new TokenKeyRing([TokenKey.Create(id), .. _keys.Take(keep - 1)]);
    }

    /// <summary>Writes the ring to a file that only its owner can read.</summary>
    /// <exception cref="IOException">It could not be written; what was there is as before.</exception>
    public void Save(string path) =>
        SecretFile.Write(path, ["# keys of tracking tokens, the signing one first: id secret", .. _keys.Select(LineOf)]);

    internal TokenKey? Find(byte id) => Array.Find(_keys, key => key.Id == id);

    private static string LineOf(TokenKey key) => $"{key.Id} {Base64Url.EncodeToString(key.Secret)}";

    /// <summary>The ring as text, one key a line as "id secret", for a store that doors share.</summary>
    internal string Format() => string.Join('\n', _keys.Select(LineOf));

    /// <summary>The ring that <see cref="Format"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is none; the message names the place and the line.</exception>
    internal static TokenKeyRing Parse(string text, string place) =>
        Read(text.Split('\n').Select((line, i) => (i + 1, line)), place);

    /// <summary>The ring that a file holds.</summary>
    /// <exception cref="InvalidDataException">The file is broken; the message names the line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TokenKeyRing Load(string path) => Read(SecretFile.ReadLines(path), path);

    private static TokenKeyRing Read(IEnumerable<(int Number, string Text)> lines, string place)
    {
        var keys = new List<TokenKey>();
        foreach ((int number, string line) in lines)
            keys.Add(
                KeyOf(line) ?? throw new InvalidDataException(
                    $"{place}, line {number}: wants a key id (0 to 255) and {TokenKey.SecretLength} bytes in base64url."));
        try
        {
            return new TokenKeyRing(keys);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{place}: {e.Message}", e);
        }
    }

    private static TokenKey? KeyOf(string line)
    {
        string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Span<byte> secret = stackalloc byte[TokenKey.SecretLength];
        return parts.Length == 2
            && byte.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out byte id)
            && Base64Url.IsValid(parts[1], out int length) && length == TokenKey.SecretLength
            && Base64Url.TryDecodeFromChars(parts[1], secret, out _)
                ? new TokenKey(id, secret)
                : null;
    }
}
