using System.Buffers.Text;
using System.Text.Json;
using RecallCluster.Http.OpenRtb;

namespace RecallCluster.Http.Tests;

public class PrivacyTests
{
    private const int Us = 10;

    [Fact]
    public void A_consent_string_allows_only_with_both_purposes_and_our_vendor()
    {
        Assert.True(TcfConsent.Allows(Consent([1, 4], [Us]), Us));
        Assert.True(TcfConsent.Allows(Consent([1, 2, 3, 4], [3, Us, 12], ranges: true), Us));
        Assert.True(TcfConsent.Allows(Consent([1, 4], [Us]) + ".YAAAAAAAAAA", Us));
        Assert.False(TcfConsent.Allows(Consent([4], [Us]), Us));
        Assert.False(TcfConsent.Allows(Consent([1], [Us]), Us));
        Assert.False(TcfConsent.Allows(Consent([1, 4], [9, 11]), Us));
        Assert.False(TcfConsent.Allows(Consent([1, 4], [9, 11], ranges: true), Us));
        Assert.False(TcfConsent.Allows(Consent([1, 4], [Us], version: 1), Us));
        Assert.False(TcfConsent.Allows(Consent([1, 4], [Us]), 0));
        Assert.False(TcfConsent.Allows(Consent([1, 4], [Us])[..20], Us));
        Assert.False(TcfConsent.Allows("not!base64", Us));
        Assert.False(TcfConsent.Allows("", Us));
        Assert.False(TcfConsent.Allows(null, Us));
    }

    [Theory]
    [InlineData("""{}""", true)]
    [InlineData("""{"regs":{"coppa":1}}""", false)]
    [InlineData("""{"device":{"lmt":1}}""", false)]
    [InlineData("""{"device":{"dnt":1}}""", false)]
    [InlineData("""{"regs":{"gdpr":0},"user":{"consent":"?"}}""", true)]
    [InlineData("""{"regs":{"gdpr":1}}""", false)]
    [InlineData("""{"regs":{"gdpr":1},"user":{"consent":"$yes"}}""", true)]
    [InlineData("""{"regs":{"gdpr":1},"user":{"consent":"$no"}}""", false)]
    [InlineData("""{"regs":{"ext":{"gdpr":1}},"user":{"ext":{"consent":"$yes"}}}""", true)]
    [InlineData("""{"regs":{"ext":{"gdpr":1}},"user":{}}""", false)]
    [InlineData("""{"regs":{"us_privacy":"1YNN"}}""", true)]
    [InlineData("""{"regs":{"us_privacy":"1---"}}""", true)]
    [InlineData("""{"regs":{"us_privacy":"1YYN"}}""", false)]
    [InlineData("""{"regs":{"us_privacy":"nonsense"}}""", false)]
    [InlineData("""{"regs":{"ext":{"us_privacy":"1YYN"}}}""", false)]
    [InlineData("""{"regs":{"gpp":"DBABMA~$yes","gpp_sid":[2]}}""", true)]
    [InlineData("""{"regs":{"gpp":"DBABMA~$no","gpp_sid":[2]}}""", false)]
    [InlineData("""{"regs":{"gpp":"DBABTA~1YNN","gpp_sid":[6]}}""", true)]
    [InlineData("""{"regs":{"gpp":"DBABTA~1YYN","gpp_sid":[6]}}""", false)]
    [InlineData("""{"regs":{"gpp":"DBABLA~BVVqAAAAAABA","gpp_sid":[7]}}""", false)]
    [InlineData("""{"regs":{"gpp":"DBABMA~$no","gpp_sid":[-1]}}""", true)]
    [InlineData("""{"regs":{"gpp_sid":[2]}}""", false)]
    [InlineData("""{"regs":{"ext":{"gpp":"DBABMA~$yes","gpp_sid":[2]}}}""", true)]
    [InlineData("""{"regs":{"ext":{"gpp":"DBABMA~$no","gpp_sid":[2]}}}""", false)]
    [InlineData("""{"regs":{"ext":{"gpp":"DBABLA~BVVqAAAAAABA","gpp_sid":[7]}}}""", false)]
    public void What_cannot_be_read_is_a_no(string request, bool expected)
    {
        string text = request.Replace("$yes", Consent([1, 4], [Us])).Replace("$no", Consent([2], [Us]));
        JsonPlace root = JsonPlace.RootOf(JsonDocument.Parse(text).RootElement);

        Assert.Equal(expected, Privacy.MayPersonalise(root.Object("regs"), root.Object("user"), root.Object("device"), Us));
    }

    // Field by field as the specification of the core string lists them.
    private static string Consent(int[] purposes, int[] vendors, bool ranges = false, int version = 2)
    {
        var bits = new List<bool>();
        void Put(long value, int count)
        {
            for (int bit = count - 1; bit >= 0; bit--)
                bits.Add((value >> bit & 1) == 1);
        }
        Put(version, 6); // Version
        Put(15_000_000_000, 36); // Created
        Put(15_000_000_000, 36); // LastUpdated
        Put(31, 12); // CmpId
        Put(640, 12); // CmpVersion
        Put(1, 6); // ConsentScreen
        Put(257, 12); // ConsentLanguage
        Put(126, 12); // VendorListVersion
        Put(2, 6); // TcfPolicyVersion
        Put(1, 1); // IsServiceSpecific
        Put(0, 1); // UseNonStandardStacks
        Put(0, 12); // SpecialFeatureOptIns
        for (int purpose = 1; purpose <= 24; purpose++)
            Put(purposes.Contains(purpose) ? 1 : 0, 1); // PurposesConsent
        Put(0, 24); // PurposesLITransparency
        Put(0, 1); // PurposeOneTreatment
        Put(257, 12); // PublisherCC
        Put(vendors.Max(), 16); // MaxVendorId
        Put(ranges ? 1 : 0, 1); // IsRangeEncoding
        if (ranges)
        {
            Put(vendors.Length, 12); // NumEntries
            foreach (int vendor in vendors)
            {
                Put(1, 1); // IsARange
                Put(vendor, 16); // StartOrOnlyVendorId
                Put(vendor, 16); // EndVendorId
            }
        }
        else
        {
            for (int vendor = 1; vendor <= vendors.Max(); vendor++)
                Put(vendors.Contains(vendor) ? 1 : 0, 1);
        }
        var bytes = new byte[(bits.Count + 7) / 8];
        for (int i = 0; i < bits.Count; i++)
            if (bits[i])
                bytes[i / 8] |= (byte)(0x80 >> (i % 8));
        return Base64Url.EncodeToString(bytes);
    }
}
