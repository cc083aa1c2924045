using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using MessagePack;
using RecallCluster.AdServer;
using RecallCluster.Client;
using RecallCluster.Client.MessagePack;
using RecallCluster.Grains.Shards;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;
using RecallCluster.Wire;
using RecallCluster.Wire.Shards;

namespace RecallCluster.ClusterBench;

/// <summary>One message in both formats.</summary>
/// <param name="Message">What it is.</param>
/// <param name="JsonBytes">Its length in JSON.</param>
/// <param name="MessagePackBytes">Its length in MessagePack.</param>
/// <param name="BytesRatio">MessagePack's length over JSON's.</param>
/// <param name="JsonUs">Time to write and read it in JSON, microseconds; null where only one end is ours.</param>
/// <param name="MessagePackUs">The same in MessagePack.</param>
/// <param name="TimeRatio">MessagePack's time over JSON's.</param>
internal sealed record MessageFigures(
    string Message, double JsonBytes, double MessagePackBytes, double BytesRatio, double? JsonUs, double? MessagePackUs, double? TimeRatio);

/// <summary>Requests for ads in both formats, one at a time, in turns.</summary>
/// <param name="JsonMs">Median time of a request in JSON, milliseconds.</param>
/// <param name="MessagePackMs">The same in MessagePack.</param>
/// <param name="TimeRatio">MessagePack's over JSON's.</param>
/// <param name="Requests">Requests in each format.</param>
internal sealed record DoorFigures(double JsonMs, double MessagePackMs, double TimeRatio, int Requests);

/// <summary>What <see cref="WireBench"/> measured.</summary>
internal sealed record WireFigures(MessageFigures[] Messages, DoorFigures? Door);

/// <summary>
/// MessagePack against JSON: the messages between gateways and shards written and read in this process, and requests for ads with their
/// answers as a front door gives them.
/// </summary>
internal sealed class WireBench(int stateFloats)
{
    private const int Rounds = 7, Requests = 400;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public async Task<WireFigures> RunAsync(Uri? door, string? traffic)
    {
        ShardQueryMessage query = ShardWire.ToWire(SamplePayload.QueryOf(stateFloats), SamplePayload.Version);
        var messages = new List<MessageFigures>
        {
            Compare("shard query", JsonQuery.Of(SamplePayload.QueryOf(stateFloats)), query),
            Compare("shard answer", JsonAnswer.Of(SamplePayload.Answer), ShardWire.ToWire(SamplePayload.Answer)),
        };
        if (door is null || traffic is null)
            return new WireFigures([.. messages], null);
        TrafficFile file = TrafficFile.Read(traffic);
        AdsRequest[] requests =
        [
            .. new TrafficWorld(new SyntheticWorld(file.World), file.Traffic).Day(1).Take(Requests)
                .Select(request => HttpAdDoor.RequestOf(request) with { Id = null }),
        ];
        (MessageFigures asked, MessageFigures answered, DoorFigures figures) = await AskAsync(door, requests).ConfigureAwait(false);
        return new WireFigures([.. messages, asked, answered], figures);
    }

    private static MessageFigures Compare<TJson, TPack>(string what, TJson json, TPack pack)
    {
        byte[] inJson = JsonSerializer.SerializeToUtf8Bytes(json, Json);
        byte[] inPack = MessagePackSerializer.Serialize(pack, WireFormat.Options);
        double jsonUs = TimeOf(() => JsonSerializer.Deserialize<TJson>(JsonSerializer.SerializeToUtf8Bytes(json, Json), Json));
        double packUs = TimeOf(
            () => MessagePackSerializer.Deserialize<TPack>(MessagePackSerializer.Serialize(pack, WireFormat.Options), WireFormat.Options));
        return new MessageFigures(
            what, inJson.Length, inPack.Length, (double)inPack.Length / inJson.Length, jsonUs, packUs, packUs / jsonUs);
    }

    /// <summary>Fastest of some rounds, microseconds.</summary>
    private static double TimeOf(Func<object?> work)
    {
        const int Times = 400;
        double best = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Times; i++)
                GC.KeepAlive(work());
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / Times);
        }
        return best;
    }

    private static async Task<(MessageFigures Asked, MessageFigures Answered, DoorFigures Door)> AskAsync(Uri door, AdsRequest[] requests)
    {
        using var http = new HttpClient { BaseAddress = door };
        (Side json, Side pack) = (new Side("application/json"), new Side(MessagePackFormat.Instance.MediaType));
        byte[][] jsonBodies = Array.ConvertAll(requests, request => JsonSerializer.SerializeToUtf8Bytes(request, Json));
        byte[][] packBodies = Array.ConvertAll(requests, request => MessagePackFormat.Instance.Write(request).ToArray());
        for (int i = 0; i < requests.Length; i++)
        {
            await json.AskAsync(http, jsonBodies[i]).ConfigureAwait(false);
            await pack.AskAsync(http, packBodies[i]).ConfigureAwait(false);
        }
        return (
            Sizes("ads request", json.Asked, pack.Asked), Sizes("ads answer", json.Answered, pack.Answered),
            new DoorFigures(json.MedianMs, pack.MedianMs, pack.MedianMs / json.MedianMs, requests.Length));
    }

    private static MessageFigures Sizes(string what, double json, double pack) => new(what, json, pack, pack / json, null, null, null);

    /// <summary>One format's requests.</summary>
    private sealed class Side(string mediaType)
    {
        private readonly List<double> _times = [];
        private long _asked, _answered;

        public double Asked => (double)_asked / _times.Count;

        public double Answered => (double)_answered / _times.Count;

        public double MedianMs => _times.Order().ElementAt(_times.Count / 2);

        public async Task AskAsync(HttpClient http, byte[] body)
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, "v1/ads") { Content = new ByteArrayContent(body) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
            message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(mediaType));
            long start = Stopwatch.GetTimestamp();
            using HttpResponseMessage answer = await http.SendAsync(message).ConfigureAwait(false);
            byte[] bytes = await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync().ConfigureAwait(false);
            _times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            _asked += body.Length;
            _answered += bytes.Length;
        }
    }
}
