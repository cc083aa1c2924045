namespace RecallCluster.Http.OpenRtb;

/// <summary>
/// Whether a user's profile and behaviour may be used. What cannot be read is a no:
/// children (<c>coppa</c>), do-not-track and limited tracking; under GDPR, no TCF consent to purposes 1 and 4 for our vendor number; a US
/// privacy string that opts out of sale; a GPP string of any jurisdiction other than those two.
/// </summary>
internal static class Privacy
{
    private const int TcfSection = 2, UsPrivacySection = 6;

    public static bool MayPersonalise(JsonPlace? regs, JsonPlace? user, JsonPlace? device, int vendor)
    {
        JsonPlace? regsExt = regs?.Object("ext"), userExt = user?.Object("ext");
        bool isChild = regs?.Flag("coppa") ?? false;
        bool underGdpr = regs?.Integer("gdpr") is { } gdpr ? FlagOf(regs, gdpr) : regsExt?.Flag("gdpr") ?? false;
        string? consent = user?.Text("consent") ?? userExt?.Text("consent");
        string? us = regs?.Text("us_privacy") ?? regsExt?.Text("us_privacy");
        string? gpp = regs?.Text("gpp") ?? regsExt?.Text("gpp");
        int[] sections = regs?.Integers("gpp_sid") ?? regsExt?.Integers("gpp_sid") ?? [];
        bool tracksNot = (device?.Flag("dnt") ?? false) | (device?.Flag("lmt") ?? false);
        return !isChild && !tracksNot
            && (!underGdpr || TcfConsent.Allows(consent, vendor) || (gpp is not null && AnySection(gpp, s => TcfConsent.Allows(s, vendor))))
            && AllowsSale(us)
            && sections.All(section => AllowedBySection(section, gpp, vendor));
    }

    private static bool FlagOf(JsonPlace regs, int value) =>
        value is 0 or 1 ? value == 1 : throw regs.Wrong("gdpr", $"is 0 or 1, not {value}.");

    /// <summary>
    /// IAB's US privacy string: version, notice given, opted out of sale, covered by the agreement. "-" is not applicable.
    /// </summary>
    private static bool AllowsSale(string? us) =>
        us is null or { Length: 0 } || (us.Length == 4 && us[0] == '1' && us[2] is 'N' or 'n' or '-');

    private static bool AllowedBySection(int section, string? gpp, int vendor) => section switch
    {
        < 1 => true, // no section applies
        TcfSection => gpp is not null && AnySection(gpp, s => TcfConsent.Allows(s, vendor)),
        UsPrivacySection => gpp is not null && AnySection(gpp, s => s.Length == 4 && AllowsSale(s)),
        _ => false,
    };

    // header~section~section: a section of the kind in question is told by its form.
    private static bool AnySection(string gpp, Func<string, bool> allows) => gpp.Split('~').Skip(1).Any(allows);
}
