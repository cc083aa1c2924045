using System.Buffers.Binary;
using System.Text.Unicode;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tokens;

/// <summary>Which parts of a win a token holds.</summary>
[Flags]
internal enum TokenParts
{
    None = 0,
    PerClick = 1,
    BidOnly = 2,
    User = 4,
    Conversion = 8,
    Arms = 16,
    Known = PerClick | BidOnly | User | Conversion | Arms,
}

/// <summary>
/// Writes what a token says. Whole numbers are zigzag and LEB128, so that most take a byte or two; reals and times keep all their bits.
/// </summary>
internal ref struct TokenWriter(Span<byte> room)
{
    private readonly Span<byte> _room = room;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Whether there was too little room; what was written is then worthless.</summary>
    public bool Overflowed { get; private set; }

    public void Write(AdEventKind kind, Win win, DateTimeOffset expiry)
    {
        TokenParts parts = PartsOf(win);
        Byte((byte)kind);
        Byte((byte)parts);
        Integer(expiry.ToUnixTimeSeconds());
        if (Take(16) is { IsEmpty: false } id)
            BinaryPrimitives.WriteUInt128LittleEndian(id, win.Id);
        Text(win.RequestId);
        Integer(win.CampaignId);
        Text(win.AdId);
        if (parts.HasFlag(TokenParts.User))
            Text(win.UserId!);
        Integer(win.Gateway);
        Integer(win.Lease);
        Bits(win.AuctionAt.UtcTicks);
        Integer(win.Price.Value);
        Integer(win.ClickModel);
        Real(win.RawClickProbability);
        Real(win.ClickProbability);
        if (parts.HasFlag(TokenParts.Conversion))
        {
            Real(win.RawConversionProbability);
            Real(win.ConversionProbability);
        }
        Integer(win.Position);
        if (!parts.HasFlag(TokenParts.Arms))
            return;
        Integer(win.Arms!.Count);
        foreach (WonArm arm in win.Arms)
        {
            Integer(arm.Experiment);
            Integer(arm.Arm);
        }
    }

    public void Byte(byte value)
    {
        if (Take(1) is { IsEmpty: false } room)
            room[0] = value;
    }

    private static TokenParts PartsOf(Win win) =>
        (win.IsPerClick ? TokenParts.PerClick : TokenParts.None)
        | (win.IsBidOnly ? TokenParts.BidOnly : TokenParts.None)
        | (win.UserId is not null ? TokenParts.User : TokenParts.None)
        | (win.RawConversionProbability != 0 || win.ConversionProbability != 0 ? TokenParts.Conversion : TokenParts.None)
        | (win.Arms is { Count: > 0 } ? TokenParts.Arms : TokenParts.None);

    private void Integer(long value)
    {
        ulong rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest >= 0x80; rest >>= 7)
            Byte((byte)(rest | 0x80));
        Byte((byte)rest);
    }

    private void Real(double value) => Bits(BitConverter.DoubleToInt64Bits(value));

    private void Bits(long value)
    {
        if (Take(8) is { IsEmpty: false } room)
            BinaryPrimitives.WriteInt64LittleEndian(room, value);
    }

    private void Text(string text)
    {
        int length = System.Text.Encoding.UTF8.GetByteCount(text);
        Integer(length);
        if (length > 0 && Take(length) is { IsEmpty: false } room)
            Utf8.FromUtf16(text, room, out _, out _);
    }

    private Span<byte> Take(int count)
    {
        if (Overflowed || count > _room.Length - Length)
        {
            Overflowed = true;
            return default;
        }
        Length += count;
        return _room.Slice(Length - count, count);
    }
}
