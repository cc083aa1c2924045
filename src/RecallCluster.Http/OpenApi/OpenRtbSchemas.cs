using System.Text.Json;
using System.Text.Json.Serialization;

namespace RecallCluster.Http.OpenApi;

/// <summary>An OpenRTB 2.6 bid request: the fields that are used here; others are ignored.</summary>
internal sealed record OpenRtbRequestSchema(
    string Id, OpenRtbImpressionSchema[] Imp, JsonElement? Site, JsonElement? App, JsonElement? Device, JsonElement? User, JsonElement? Regs,
    int? Test, int? At, int? Tmax, string[]? Wseat, string[]? Bseat, string[]? Cur, string[]? Bcat, string[]? Badv, string[]? Bapp);

/// <summary>An impression on offer.</summary>
internal sealed record OpenRtbImpressionSchema(
    string Id, JsonElement? Banner, JsonElement? Video, JsonElement? Native, JsonElement? Pmp, double? Bidfloor, string? Bidfloorcur, int? Secure);

/// <summary>An OpenRTB 2.6 bid response.</summary>
internal sealed record OpenRtbResponseSchema(string Id, OpenRtbSeatSchema[]? Seatbid, string? Bidid, string? Cur, int? Nbr);

/// <summary>The bids of one advertiser.</summary>
internal sealed record OpenRtbSeatSchema(OpenRtbBidSchema[] Bid, string Seat);

/// <summary>One bid.</summary>
internal sealed record OpenRtbBidSchema(
    string Id, string Impid, double Price, string? Nurl, string? Burl, string? Lurl, string Adm, string Adid, string[] Adomain, string? Iurl, string Cid,
    string Crid, string[]? Cat, string? Dealid, int? W, int? H, int? Dur, int Exp, int Mtype);

/// <summary>Names of OpenRTB's fields are lower-case throughout.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OpenRtbRequestSchema))]
[JsonSerializable(typeof(OpenRtbResponseSchema))]
internal sealed partial class OpenRtbSchemas : JsonSerializerContext;
