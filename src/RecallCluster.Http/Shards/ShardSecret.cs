using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using RecallCluster.Http.Security;

namespace RecallCluster.Http.Shards;

/// <summary>
/// What gateways and shard processes know and nobody else: a file of one secret a line, each of 32 to 256 characters without spaces. A
/// gateway shows the first; a shard process takes each of them, so that a secret can be replaced while both run: add the new one behind,
/// restart the shard processes, move it to the front, restart the gateways, and drop the old one. Its text shows no secret.
/// </summary>
public sealed class ShardSecret
{
    private const string Scheme = "Bearer";
    private const int LeastLength = 32, MostLength = 256, MostSecrets = 8, RandomBytes = 32;
    private readonly byte[][] _hashes;

    private ShardSecret(IReadOnlyList<string> secrets)
    {
        Header = new AuthenticationHeaderValue(Scheme, secrets[0]);
        // Hashes are of equal length, whatever is shown.
        _hashes = [.. secrets.Select(secret => SHA256.HashData(Encoding.UTF8.GetBytes(secret)))];
    }

    /// <summary>What a gateway shows.</summary>
    internal AuthenticationHeaderValue Header { get; }

    /// <summary>Reads a file of secrets.</summary>
    /// <exception cref="InvalidDataException">
    /// It holds none, too many, or one that is too short or too long; the message names the line.
    /// </exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ShardSecret Load(string path)
    {
        var secrets = new List<string>();
        foreach ((int number, string text) in SecretFile.ReadLines(path))
        {
            if (text.Length is < LeastLength or > MostLength || text.Any(c => !char.IsBetween(c, '!', '~')))
                throw new InvalidDataException(
                    $"{path}, line {number}: a secret has {LeastLength} to {MostLength} characters of ASCII without spaces.");
            secrets.Add(text);
        }
        return secrets.Count is > 0 and <= MostSecrets
            ? new ShardSecret(secrets)
            : throw new InvalidDataException($"{path}: holds {secrets.Count} secrets; 1 to {MostSecrets} are wanted.");
    }

    /// <summary>Writes a file of one new secret of 256 random bits, which only its owner can read.</summary>
    /// <exception cref="IOException">There is a file already, or it could not be written.</exception>
    public static void Create(string path)
    {
        if (File.Exists(path))
            throw new IOException($"{path} is there already; it is left as it is.");
        SecretFile.Write(
            path, ["# secret between gateways and shards", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes))]);
    }

    /// <summary>Whether a caller showed one of the secrets; takes the same time whatever differs.</summary>
    /// <param name="header">The authorization header.</param>
    internal bool Admits(string? header)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (!AuthenticationHeaderValue.TryParse(header, out AuthenticationHeaderValue? shown)
            || !string.Equals(shown.Scheme, Scheme, StringComparison.OrdinalIgnoreCase) || shown.Parameter is not { Length: <= MostLength })
            return false;
        SHA256.HashData(Encoding.UTF8.GetBytes(shown.Parameter), hash);
        bool admits = false;
        foreach (byte[] one in _hashes)
            admits |= CryptographicOperations.FixedTimeEquals(hash, one);
        return admits;
    }
}
