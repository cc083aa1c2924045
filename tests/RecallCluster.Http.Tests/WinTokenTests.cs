using System.Buffers.Text;
using RecallCluster.Bidding.Money;
using RecallCluster.Http.Tokens;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tests;

public class WinTokenTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Win Sample = new()
    {
        Id = new UInt128(0x0123456789abcdef, 0xfedcba9876543210),
        RequestId = "request-ü😀",
        CampaignId = long.MaxValue,
        AdId = "ad",
        UserId = "user",
        Gateway = int.MinValue,
        Lease = -3,
        AuctionAt = Now.AddTicks(1234567),
        Price = new Micros(9_999_999_999),
        IsPerClick = true,
        IsBidOnly = true,
        ClickModel = 0xDEADBEEF,
        RawClickProbability = 0.1 + 0.2,
        ClickProbability = 1e-300,
        RawConversionProbability = 0.25,
        ConversionProbability = 0.125,
        Position = 3,
    };

    [Fact]
    public void Every_part_of_a_win_comes_back_for_every_kind()
    {
        var tokens = new WinTokens(TokenKeyRing.CreateEphemeral());
        foreach (AdEventKind kind in Enum.GetValues<AdEventKind>())
        {
            foreach (
                Win win in new[] { Sample, Sample
                    with { UserId = null, IsPerClick = false, IsBidOnly = false, RawConversionProbability = 0,
                        ConversionProbability = 0 } })
            {
                TokenReading reading = tokens.Read(tokens.Sign(kind, win, Now.AddHours(1)), Now, out SignedEvent? signed);

                Assert.Equal(TokenReading.Valid, reading);
                Assert.Equal(new SignedEvent(kind, win, Now.AddHours(1)), signed);
            }
        }
    }

    [Fact]
    public void The_arms_that_it_was_won_under_come_back_and_without_them_a_token_is_as_it_always_was()
    {
        var tokens = new WinTokens(new TokenKeyRing([TokenKey.Create(1)]));
        WonArm[] arms = [.. Enumerable.Range(0, 8).Select(i => new WonArm(long.MaxValue - i, i))];

        tokens.Read(tokens.Sign(AdEventKind.Click, Sample with { Arms = arms }, Now.AddHours(1)), Now, out SignedEvent? signed);

        Assert.Equal(arms, signed!.Win.Arms);
        Assert.Equal(Sample, signed.Win with { Arms = null });
        Assert.Equal(
            tokens.Sign(AdEventKind.Click, Sample, Now.AddHours(1)),
            tokens.Sign(AdEventKind.Click, Sample with { Arms = [] }, Now.AddHours(1)));
    }

    [Theory]
    [InlineData(9, 0, 1)]
    [InlineData(1, 8, 1)]
    [InlineData(1, 0, 0)]
    public void Arms_that_cannot_be_are_no_token(int count, int place, long experiment)
    {
        var tokens = new WinTokens(new TokenKeyRing([TokenKey.Create(1)]));
        Win win = Sample with { Arms = [.. Enumerable.Repeat(new WonArm(experiment, place), count)] };

        Assert.Equal(TokenReading.Malformed, tokens.Read(tokens.Sign(AdEventKind.Click, win, Now.AddHours(1)), Now, out _));
    }

    [Fact]
    public void No_change_of_a_single_bit_or_length_is_accepted()
    {
        var tokens = new WinTokens(new TokenKeyRing([TokenKey.Create(1)]));
        byte[] genuine = Base64Url.DecodeFromChars(tokens.Sign(AdEventKind.Click, Sample, Now.AddHours(1)));

        for (int bit = 0; bit < genuine.Length * 8; bit++)
        {
            byte[] forged = [.. genuine];
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            TokenReading reading = tokens.Read(Base64Url.EncodeToString(forged), Now, out SignedEvent? signed);
            Assert.Null(signed);
            Assert.Equal(bit / 8 == 0 ? TokenReading.Malformed : bit / 8 == 1 ? TokenReading.UnknownKey : TokenReading.Forged, reading);
        }
        for (int length = 0; length < genuine.Length; length++)
            Assert.NotEqual(TokenReading.Valid, tokens.Read(Base64Url.EncodeToString(genuine.AsSpan(0, length)), Now, out _));
        Assert.NotEqual(TokenReading.Valid, tokens.Read(Base64Url.EncodeToString([.. genuine, 0]), Now, out _));
    }

    [Fact]
    public void A_token_expires_to_the_second_and_still_says_what_it_said()
    {
        var tokens = new WinTokens(TokenKeyRing.CreateEphemeral());
        string token = tokens.Sign(AdEventKind.Impression, Sample, Now.AddHours(1));

        Assert.Equal(TokenReading.Valid, tokens.Read(token, Now.AddHours(1).AddTicks(-1), out _));
        Assert.Equal(TokenReading.Expired, tokens.Read(token, Now.AddHours(1), out SignedEvent? signed));
        Assert.Equal(Sample, signed!.Win);
    }

    [Fact]
    public void Keys_can_be_replaced_while_their_tokens_are_out()
    {
        TokenKeyRing old = new([TokenKey.Create(255)]), rotated = old.Rotate(), later = rotated.Rotate();
        string token = new WinTokens(old).Sign(AdEventKind.Click, Sample, Now.AddHours(1));

        Assert.Equal([(byte)0, (byte)255], rotated.Ids);
        Assert.Equal(TokenReading.Valid, new WinTokens(rotated).Read(token, Now, out _));
        Assert.Equal(TokenReading.UnknownKey, new WinTokens(later).Read(token, Now, out _));
        Assert.Equal(
            TokenReading.UnknownKey, new WinTokens(old).Read(new WinTokens(rotated).Sign(AdEventKind.Click, Sample, Now), Now, out _));
        Assert.Equal(TokenReading.Forged, new WinTokens(new TokenKeyRing([TokenKey.Create(255)])).Read(token, Now, out _));
    }

    [Theory]
    [InlineData("", TokenReading.Malformed)]
    [InlineData("abc", TokenReading.Malformed)]
    [InlineData("no token at all, really", TokenReading.Malformed)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", TokenReading.Malformed)]
    public void What_is_no_token_is_refused(string text, TokenReading expected) =>
        Assert.Equal(expected, new WinTokens(TokenKeyRing.CreateEphemeral()).Read(text, Now, out _));

    [Fact]
    public void Too_long_is_refused_before_it_is_read_and_never_signed()
    {
        var tokens = new WinTokens(TokenKeyRing.CreateEphemeral());

        Assert.Equal(TokenReading.Oversized, tokens.Read(new string('A', WinTokens.MaxLength + 1), Now, out _));
        Assert.Throws<ArgumentException>(() => tokens.Sign(AdEventKind.Click, Sample with { RequestId = new string('x', 2000) }, Now));
    }

    [Fact]
    public void The_longest_ids_of_any_script_fit_into_a_token()
    {
        var tokens = new WinTokens(TokenKeyRing.CreateEphemeral());
        string longest = new('広', RequestLimits.MaxIdBytes / 3);
        Assert.True(RequestLimits.IsId(longest));
        Assert.False(RequestLimits.IsId(longest + '広'));
        string ascii = new('x', RequestLimits.MaxIdBytes);
        foreach (string id in new[] { longest, ascii })
        {
            Win win = Sample with
            {
                RequestId = id, AdId = id, UserId = id, CampaignId = long.MaxValue, Gateway = int.MaxValue, Lease = long.MinValue,
                Price = new Micros(long.MaxValue), ClickModel = uint.MaxValue, Position = int.MaxValue, ConversionProbability = 0.5,
            };
            string token = tokens.Sign(AdEventKind.Impression, win, Now.AddDays(1));
            Assert.Equal(TokenReading.Valid, tokens.Read(token, Now, out SignedEvent? read));
            Assert.Equal(win, read!.Win);
        }
    }

    [Fact]
    public void A_good_signature_over_nonsense_is_malformed()
    {
        var key = TokenKey.Create(9);
        var tokens = new WinTokens(new TokenKeyRing([key]));
        var random = new SeededRandom(7);
        for (int round = 0; round < 2_000; round++)
        {
            var bytes = new byte[2 + random.NextInt(120) + WinTokens.TagLength];
            for (int i = 2; i < bytes.Length; i++)
                bytes[i] = (byte)random.NextInt(256);
            (bytes[0], bytes[1]) = (WinTokens.Format, 9);
            WinTokens.Tag(key, bytes.AsSpan(0, bytes.Length - WinTokens.TagLength), bytes.AsSpan(bytes.Length - WinTokens.TagLength));
            Assert.Equal(TokenReading.Malformed, tokens.Read(Base64Url.EncodeToString(bytes), Now, out _));
        }
    }

    [Fact]
    public void Keys_are_kept_in_a_file_that_only_its_owner_reads()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("tokens").FullName, "keys");
        TokenKeyRing made = TokenKeyRing.LoadOrCreate(path);
        made.Rotate().Save(path);
        TokenKeyRing read = TokenKeyRing.LoadOrCreate(path);

        Assert.Equal([(byte)2, (byte)1], read.Ids);
        Assert.Equal(
            TokenReading.Valid, new WinTokens(read).Read(new WinTokens(made).Sign(AdEventKind.Click, Sample, Now.AddDays(1)), Now, out _));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        File.WriteAllText(path, "# keys\n1 tooshort\n");
        Assert.Contains("line 2", Assert.Throws<InvalidDataException>(() => TokenKeyRing.LoadOrCreate(path)).Message);
        File.WriteAllText(path, "# none\n");
        Assert.Throws<InvalidDataException>(() => TokenKeyRing.LoadOrCreate(path));
    }
}
