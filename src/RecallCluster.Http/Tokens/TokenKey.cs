using System.Security.Cryptography;

namespace RecallCluster.Http.Tokens;

/// <summary>A key that signs tracking tokens. Its text shows no secret.</summary>
public sealed class TokenKey
{
    /// <summary>Bytes of a secret.</summary>
    public const int SecretLength = 32;

    private readonly byte[] _secret;

    /// <summary>A key.</summary>
    /// <param name="id">Names it in tokens.</param>
    /// <param name="secret"><see cref="SecretLength"/> random bytes.</param>
    /// <exception cref="ArgumentException">The secret has another length.</exception>
    public TokenKey(byte id, ReadOnlySpan<byte> secret)
    {
        if (secret.Length != SecretLength)
            throw new ArgumentException($"A token key has {SecretLength} bytes, not {secret.Length}.", nameof(secret));
        Id = id;
        _secret = secret.ToArray();
    }

    /// <summary>Names it in tokens.</summary>
    public byte Id { get; }

    internal ReadOnlySpan<byte> Secret => _secret;

    /// <summary>A new key, drawn from the system's cryptographic generator.</summary>
    public static TokenKey Create(byte id)
    {
        Span<byte> secret = stackalloc byte[SecretLength];
        RandomNumberGenerator.Fill(secret);
        return new TokenKey(id, secret);
    }

    /// <inheritdoc/>
    public override string ToString() => $"token key {Id}";
}
