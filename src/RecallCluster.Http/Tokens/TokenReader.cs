using System.Buffers.Binary;
using System.Text.Unicode;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tokens;

/// <summary>
/// Reads what <see cref="TokenWriter"/> wrote. It is only asked about bytes with a good signature, and trusts them no further for it.
/// </summary>
internal ref struct TokenReader(ReadOnlySpan<byte> bytes)
{
    // A win has one arm of each layer.
    private const int MostArms = ExperimentChecks.MostLayers;

    private ReadOnlySpan<byte> _rest = bytes;
    private bool _broken;

    /// <summary>What the token says; null when it is not well formed.</summary>
    public SignedEvent? Read()
    {
        var kind = (AdEventKind)Byte();
        var parts = (TokenParts)Byte();
        long expiry = Integer();
        ReadOnlySpan<byte> id = Take(16);
        string request = Text();
        long campaign = Integer();
        string ad = Text();
        string? user = parts.HasFlag(TokenParts.User) ? Text() : null;
        long gateway = Integer(), lease = Integer(), ticks = Bits(), price = Integer(), model = Integer();
        double rawClick = Real(), click = Real();
        bool converts = parts.HasFlag(TokenParts.Conversion);
        double rawConversion = converts ? Real() : 0, conversion = converts ? Real() : 0;
        long position = Integer();
        WonArm[]? arms = parts.HasFlag(TokenParts.Arms) ? Arms() : null;
        if (_broken || !_rest.IsEmpty || !Enum.IsDefined(kind) || (parts & ~TokenParts.Known) != 0
            || model is < 0 or > uint.MaxValue || gateway is < int.MinValue or > int.MaxValue || position is < 0 or > int.MaxValue
            || price < 0
            || ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks
            || expiry < DateTimeOffset.MinValue.ToUnixTimeSeconds() || expiry > DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            || !IsProbability(rawClick) || !IsProbability(click) || !IsProbability(rawConversion) || !IsProbability(conversion))
        {
            return null;
        }
        var win = new Win
        {
            Id = BinaryPrimitives.ReadUInt128LittleEndian(id),
            RequestId = request,
            CampaignId = campaign,
            AdId = ad,
            UserId = user,
            Gateway = (int)gateway,
            Lease = lease,
            AuctionAt = new DateTimeOffset(ticks, TimeSpan.Zero),
            Price = new Micros(price),
            IsPerClick = parts.HasFlag(TokenParts.PerClick),
            IsBidOnly = parts.HasFlag(TokenParts.BidOnly),
            ClickModel = (uint)model,
            RawClickProbability = rawClick,
            ClickProbability = click,
            RawConversionProbability = rawConversion,
            ConversionProbability = conversion,
            Position = (int)position,
            Arms = arms,
        };
        return new SignedEvent(kind, win, DateTimeOffset.FromUnixTimeSeconds(expiry));
    }

    private WonArm[] Arms()
    {
        long count = Integer();
        if (count is < 1 or > MostArms)
        {
            _broken = true;
            return [];
        }
        var arms = new WonArm[count];
        foreach (ref WonArm arm in arms.AsSpan())
        {
            (long experiment, long place) = (Integer(), Integer());
            _broken |= experiment < 1 || place is < 0 or >= ExperimentChecks.MostArms;
            arm = new WonArm(experiment, (int)place);
        }
        return arms;
    }

    private static bool IsProbability(double value) => value is >= 0 and <= 1;

    private byte Byte() => Take(1) is { IsEmpty: false } bytes ? bytes[0] : (byte)0;

    private long Integer()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return (long)(value >> 1) ^ -(long)(value & 1);
        }
        _broken = true;
        return 0;
    }

    private double Real() => BitConverter.Int64BitsToDouble(Bits());

    private long Bits() => Take(8) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;

    private string Text()
    {
        long length = Integer();
        if (length == 0)
            return "";
        if (length < 0 || length > _rest.Length)
        {
            _broken = true;
            return "";
        }
        ReadOnlySpan<byte> bytes = Take((int)length);
        if (Utf8.IsValid(bytes))
            return System.Text.Encoding.UTF8.GetString(bytes);
        _broken = true;
        return "";
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_broken || count > _rest.Length)
        {
            _broken = true;
            return default;
        }
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
