namespace RecallCluster.Simulation.Traffic;

/// <summary>
/// A campaign of a <see cref="TrafficWorld"/>: some brands of one department in some of its categories, with what is true of it.
/// </summary>
/// <param name="Number">Its number, from 0.</param>
/// <param name="Advertiser">Its advertiser's number, from 0.</param>
/// <param name="Department">The department whose ads it shows, from 0.</param>
/// <param name="Ads">Its ads, ascending; at least one.</param>
/// <param name="ClickEffect">What it adds to the logit of a click beyond what ad and user tell.</param>
/// <param name="ConversionLogit">Logit of a click's conversion, before the ad's own part.</param>
/// <param name="ClickWorth">What a click is worth to its advertiser, in units of the currency.</param>
public sealed record TrafficCampaign(
    int Number, int Advertiser, int Department, int[] Ads, double ClickEffect, double ConversionLogit, double ClickWorth)
{
    /// <summary>Its id in the front door: positive.</summary>
    public long Id => Number + 1;

    /// <summary>What a conversion is worth: as much as the clicks that it takes on average.</summary>
    public double ConversionWorth => ClickWorth * (1 + Math.Exp(-ConversionLogit));
}
