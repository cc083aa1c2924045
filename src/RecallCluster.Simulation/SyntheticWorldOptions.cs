namespace RecallCluster.Simulation;

/// <summary>
/// Size, seed and shape of a <see cref="SyntheticWorld"/>. Lengths are in units of the latent space per dimension, prices in bands, and
/// strengths in nats of preference. The defaults are the world that the retrieval bench trains on.
/// </summary>
public sealed record SyntheticWorldOptions
{
    /// <summary>Number of ads, 1,000 to 10,000,000.</summary>
    public int Ads { get; init; } = 1_000_000;

    /// <summary>Number of users, at least 1.</summary>
    public int Users { get; init; } = 200_000;

    /// <summary>Everything is drawn from this seed.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Mean number of clicks of a user; a user's own number is uniform from half of it to one and a half times it. At least 6.
    /// </summary>
    public int ClicksPerUser { get; init; } = 30;

    /// <summary>Share of users whose last click is for test and the one before for validation.</summary>
    public double HeldOutShare { get; init; } = 0.1;

    /// <summary>Share of clicks that have nothing to do with the user: ads drawn uniformly.</summary>
    public double NoiseShare { get; init; } = 0.04;

    /// <summary>Dimensions of the latent space.</summary>
    public int LatentDimensions { get; init; } = 16;

    /// <summary>Most categories; a small world has one for every 50 ads, at least 20.</summary>
    public int MaxCategories { get; init; } = 1_000;

    /// <summary>Most departments; a small world has one for every four categories.</summary>
    public int MaxDepartments { get; init; } = 32;

    /// <summary>Brands that sell in one category; there are four brands for each category in all.</summary>
    public int BrandsPerCategory { get; init; } = 12;

    /// <summary>Codes of the field <c>style</c>, the first residual of an ad's latent behind its category.</summary>
    public int Styles { get; init; } = 128;

    /// <summary>Codes of the field <c>detail</c>, the second residual.</summary>
    public int Details { get; init; } = 128;

    /// <summary>Price bands.</summary>
    public int PriceBands { get; init; } = 8;

    /// <summary>Standard deviation of department centres.</summary>
    public double DepartmentSpread { get; init; } = 0.8;

    /// <summary>Standard deviation of category centres around their department's.</summary>
    public double CategorySpread { get; init; } = 0.6;

    /// <summary>Standard deviation of the style vectors.</summary>
    public double StyleSpread { get; init; } = 0.3;

    /// <summary>Standard deviation of the detail vectors.</summary>
    public double DetailSpread { get; init; } = 0.15;

    /// <summary>Standard deviation of the rest of an ad's latent, which no field tells.</summary>
    public double AdSpread { get; init; } = 0.08;

    /// <summary>Standard deviation of the ad's own part of its quality; the brand has as much again.</summary>
    public double QualitySpread { get; init; } = 0.4;

    /// <summary>Fewest interests of a user.</summary>
    public int MinInterests { get; init; } = 4;

    /// <summary>Most interests of a user.</summary>
    public int MaxInterests { get; init; } = 8;

    /// <summary>Width h of an interest: preference falls by distance² / 2h².</summary>
    public double InterestWidth { get; init; } = 0.7;

    /// <summary>Width of an interest in price bands.</summary>
    public double PriceWidth { get; init; } = 0.8;

    /// <summary>How far one standard deviation of spending moves the wanted price, up or down by category.</summary>
    public double SpendingEffect { get; init; } = 1.5;

    /// <summary>Standard deviation of an interest's own wanted price around that.</summary>
    public double InterestPriceSpread { get; init; } = 1;

    /// <summary>Share of interests that favour one brand.</summary>
    public double LoyalShare { get; init; } = 0.8;

    /// <summary>What the favoured brand adds.</summary>
    public double BrandBonus { get; init; } = 2.5;

    /// <summary>The preference at which a shown ad is clicked with probability one half.</summary>
    public double ClickThreshold { get; init; } = 2;

    /// <summary>1,000 ads and 500 users, for tests.</summary>
    public static SyntheticWorldOptions Tiny => new() { Ads = 1_000, Users = 500 };

    /// <summary>20,000 ads and 10,000 users, for demonstrations.</summary>
    public static SyntheticWorldOptions Demo => new() { Ads = 20_000, Users = 10_000 };

    /// <summary>Number of categories of a world of this size.</summary>
    public int Categories => Math.Min(MaxCategories, Math.Max(20, Ads / 50));

    /// <summary>Number of departments of a world of this size.</summary>
    public int Departments => Math.Min(MaxDepartments, Math.Max(1, Categories / 4));

    /// <summary>Number of brands.</summary>
    public int Brands => Categories * 4;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value is outside its range; the message names it.</exception>
    public void Validate()
    {
        Require(Ads is >= 1_000 and <= 10_000_000, nameof(Ads), Ads, "1,000 to 10,000,000");
        Require(Users >= 1, nameof(Users), Users, "at least 1");
        Require(ClicksPerUser is >= 6 and <= 1_000, nameof(ClicksPerUser), ClicksPerUser, "6 to 1,000");
        Require((long)Users * ClicksPerUser * 3 / 2 <= Array.MaxLength, nameof(Users), Users, "few enough for the events to fit one array");
        Require(LatentDimensions is >= 2 and <= 128, nameof(LatentDimensions), LatentDimensions, "2 to 128");
        Require(MaxCategories >= 20, nameof(MaxCategories), MaxCategories, "at least 20");
        Require(MaxDepartments >= 1, nameof(MaxDepartments), MaxDepartments, "at least 1");
        Require(BrandsPerCategory >= 1, nameof(BrandsPerCategory), BrandsPerCategory, "at least 1");
        Require(Styles >= 1, nameof(Styles), Styles, "at least 1");
        Require(Details >= 1, nameof(Details), Details, "at least 1");
        Require(PriceBands is >= 2 and <= 255, nameof(PriceBands), PriceBands, "2 to 255");
        Require(MinInterests >= 1, nameof(MinInterests), MinInterests, "at least 1");
        Require(MaxInterests >= MinInterests && MaxInterests <= 16, nameof(MaxInterests), MaxInterests, "MinInterests to 16");
        (string Name, double Share)[] shares =
            [(nameof(HeldOutShare), HeldOutShare), (nameof(NoiseShare), NoiseShare), (nameof(LoyalShare), LoyalShare)];
        foreach ((string name, double share) in shares)
            Require(share is >= 0 and <= 1, name, share, "0 to 1");
        foreach ((string name, double width) in new[] { (nameof(InterestWidth), InterestWidth), (nameof(PriceWidth), PriceWidth) })
            Require(width > 0 && double.IsFinite(width), name, width, "positive");
        foreach ((string name, double value) in Spreads())
            Require(value >= 0 && double.IsFinite(value), name, value, "0 or more");
        Require(double.IsFinite(SpendingEffect), nameof(SpendingEffect), SpendingEffect, "finite");
        Require(double.IsFinite(BrandBonus), nameof(BrandBonus), BrandBonus, "finite");
        Require(double.IsFinite(ClickThreshold), nameof(ClickThreshold), ClickThreshold, "finite");
    }

    private static void Require(bool holds, string name, double value, string wanted)
    {
        if (!holds)
            throw new ArgumentException($"{name} is {value}; want {wanted}.", name);
    }

    private (string Name, double Value)[] Spreads() =>
    [
        (nameof(DepartmentSpread), DepartmentSpread),
        (nameof(CategorySpread), CategorySpread),
        (nameof(StyleSpread), StyleSpread),
        (nameof(DetailSpread), DetailSpread),
        (nameof(AdSpread), AdSpread),
        (nameof(QualitySpread), QualitySpread),
        (nameof(InterestPriceSpread), InterestPriceSpread),
    ];
}
