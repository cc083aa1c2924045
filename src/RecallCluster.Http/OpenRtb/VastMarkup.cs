using System.Globalization;
using System.Text;
using System.Xml;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.OpenRtb;

/// <summary>A film as an inline, linear VAST ad.</summary>
/// <remarks>
/// Source: IAB Tech Lab, VAST 4.2, sections 3.4 (InLine) to 3.9 (MediaFiles); what older versions lack is left out for them.
/// </remarks>
internal static class VastMarkup
{
    public static string Of(PlacedAd placed, string version, string click)
    {
        Creative creative = placed.Ad.Creative;
        var xml = new StringBuilder(1024);
        using var writer = XmlWriter.Create(xml, new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = false });
        bool isFour = version[0] == '4';
        writer.WriteStartElement("VAST");
        writer.WriteAttributeString("version", version);
        writer.WriteStartElement("Ad");
        writer.WriteAttributeString("id", Clean(placed.Ad.Id));
        writer.WriteStartElement("InLine");
        writer.WriteElementString("AdSystem", "RecallCluster");
        if (version is "4.1" or "4.2")
            writer.WriteElementString("AdServingId", placed.Win.Id.ToString("x32", CultureInfo.InvariantCulture));
        writer.WriteElementString("AdTitle", Clean(creative.Title ?? placed.Ad.Id));
        // Every version wants one.
        Url(writer, "Impression", "about:blank");
        if (isFour)
            writer.WriteElementString("Advertiser", Clean(placed.AdvertiserDomain));
        writer.WriteStartElement("Creatives");
        writer.WriteStartElement("Creative");
        writer.WriteAttributeString("id", Clean(placed.Ad.Id));
        if (isFour)
        {
            writer.WriteStartElement("UniversalAdId");
            writer.WriteAttributeString("idRegistry", "unknown");
            if (version == "4.0")
                writer.WriteAttributeString("idValue", "unknown");
            writer.WriteString("unknown");
            writer.WriteEndElement();
        }
        writer.WriteStartElement("Linear");
        writer.WriteElementString("Duration", creative.Duration.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture));
        Media(writer, creative);
        writer.WriteStartElement("VideoClicks");
        Url(writer, "ClickThrough", click);
        writer.WriteEndDocument();
        writer.Flush();
        return xml.ToString();
    }

    private static void Media(XmlWriter writer, Creative creative)
    {
        writer.WriteStartElement("MediaFiles");
        writer.WriteStartElement("MediaFile");
        writer.WriteAttributeString("delivery", "progressive");
        writer.WriteAttributeString("type", Clean(creative.MediaType));
        writer.WriteAttributeString("width", creative.Width.ToString(CultureInfo.InvariantCulture));
        writer.WriteAttributeString("height", creative.Height.ToString(CultureInfo.InvariantCulture));
        writer.WriteCData(Clean(creative.Media.AbsoluteUri).Replace("]]>", "%5D%5D%3E", StringComparison.Ordinal));
        writer.WriteEndElement();
        writer.WriteEndElement();
    }

    private static void Url(XmlWriter writer, string name, string url)
    {
        writer.WriteStartElement(name);
        writer.WriteCData(url.Replace("]]>", "%5D%5D%3E", StringComparison.Ordinal));
        writer.WriteEndElement();
    }

    // XML has no way at all to write some characters.
    private static string Clean(string text) => text.All(XmlConvert.IsXmlChar) ? text : string.Concat(text.Where(XmlConvert.IsXmlChar));
}
