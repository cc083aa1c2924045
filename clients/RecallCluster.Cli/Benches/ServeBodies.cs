using System.Text.Json;
using RecallCluster.AdServer;
using RecallCluster.Client;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Benches;

/// <summary>Bodies of simulated requests, as the two front doors take them.</summary>
internal static class ServeBodies
{
    private static readonly string[] Currencies = ["USD"];

    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Bodies of <c>/v1/ads</c>; ids are left to the door, as bodies are sent more than once.</summary>
    public static byte[][] Native(IEnumerable<TrafficRequest> requests) =>
    [
        .. requests.Select(request =>
        {
            AdsRequest body = HttpAdDoor.RequestOf(request) with { Id = null };
            return JsonSerializer.SerializeToUtf8Bytes(body, CamelCase);
        }),
    ];

    /// <summary>Bodies of <c>/openrtb/2.6/bid</c>.</summary>
    public static byte[][] OpenRtb(IEnumerable<TrafficRequest> requests) =>
    [
        .. requests.Select(request => JsonSerializer.SerializeToUtf8Bytes(new
        {
            id = request.Id,
            at = 1,
            tmax = 500,
            cur = Currencies,
            imp = request.Floors.Select((floor, slot) => new
            {
                id = (slot + 1).ToString(System.Globalization.CultureInfo.InvariantCulture),
                banner = new { format = new[] { new { w = 300, h = 250 } } },
                bidfloor = Math.Round(floor, 4),
                bidfloorcur = "USD",
            }).ToArray(),
            site = new { domain = request.Publisher, page = $"https://{request.Publisher}/" },
            device = new { devicetype = DeviceType(request.Device), geo = new { country = request.Country } },
            user = new { id = $"user{request.User}" },
        })),
    ];

    // AdCOM 1.0, list "Device Types".
    private static int DeviceType(TrafficDevice device) => device switch
    {
        TrafficDevice.Phone => 4,
        TrafficDevice.Tablet => 5,
        TrafficDevice.Television => 3,
        _ => 2,
    };
}
