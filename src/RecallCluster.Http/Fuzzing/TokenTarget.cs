using System.Buffers.Text;
using System.Text;
using RecallCluster.Http.Tokens;
using RecallCluster.Numerics;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// Tracking tokens. Half of them are signed anew after they were changed, so that the reader behind the signature sees broken ones too.
/// None but an unchanged one may be valid with another content than was signed.
/// </summary>
internal sealed class TokenTarget : IFuzzTarget
{
    private readonly WinTokens _tokens = new(FuzzSeeds.Keys);
    private readonly string[] _genuine;
    private readonly HashSet<string> _known;

    public TokenTarget()
    {
        _genuine = [.. Enum.GetValues<AdEventKind>().SelectMany(kind => FuzzSeeds.Wins.Select(win => _tokens.Sign(kind, win, FuzzSeeds.Now.AddDays(1))))];
        _known = new HashSet<string>(_genuine, StringComparer.Ordinal);
    }

    public string Name => "tokens";

    public byte[] Next(SeededRandom random)
    {
        string genuine = _genuine[random.NextInt(_genuine.Length)];
        if (random.NextInt(2) == 0)
            return ByteMutations.Break(Encoding.ASCII.GetBytes(genuine), random);
        byte[] payload = ByteMutations.Break(Base64Url.DecodeFromChars(genuine)[..^WinTokens.TagLength], random);
        var token = new byte[payload.Length + WinTokens.TagLength];
        payload.CopyTo(token, 0);
        WinTokens.Tag(FuzzSeeds.Keys.Signing, payload, token.AsSpan(payload.Length));
        return Base64Url.EncodeToUtf8(token);
    }

    public bool Accepts(byte[] input)
    {
        string text = Encoding.Latin1.GetString(input);
        TokenReading reading = _tokens.Read(text, FuzzSeeds.Now, out SignedEvent? signed);
        if (reading != TokenReading.Valid)
            return false;
        if (!_known.Contains(text) && _tokens.Sign(signed!.Kind, signed.Win, signed.Expiry).Length > WinTokens.MaxLength)
            throw new InvalidOperationException("A token says more than a token can say.");
        return true;
    }
}
