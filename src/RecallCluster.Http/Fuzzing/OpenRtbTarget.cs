using System.Buffers;
using System.Text.Json;
using RecallCluster.Http.OpenRtb;
using RecallCluster.Http.Tracking;
using RecallCluster.Numerics;
using RecallCluster.Serving;

namespace RecallCluster.Http.Fuzzing;

/// <summary>OpenRTB: read, mapped, answered with an ad for each slot that is on offer, and written; the response must be JSON.</summary>
internal sealed class OpenRtbTarget : IFuzzTarget
{
    private static readonly FrontDoorOptions Options = new()
    {
        OpenRtb = new OpenRtbOptions
        {
            Currencies = new CurrencyTable("USD", new Dictionary<string, decimal> { ["EUR"] = 0.9m }),
            TcfVendorId = 10,
            EidSource = "ids.example",
        },
    };

    private readonly JsonMutator _mutator = new(FuzzSeeds.OpenRtb);
    private readonly BidRequestReader _reader = new(Options.OpenRtb, Options.Limits);
    private readonly BidRequestMapper _mapper = new(Options.OpenRtb);
    private readonly BidResponseWriter _writer = new(Options.Tracking);
    private readonly TrackingLinks _links = new(new Tracker(Options, new FrontDoorParts()), "https://ads.example");
    private readonly ArrayBufferWriter<byte> _output = new(8192);

    public string Name => "openrtb";

    public byte[] Next(SeededRandom random) => _mutator.Next(random);

    public bool Accepts(byte[] input)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(input, BidRequestReader.Tolerant);
            BidRequest bid = _reader.Read(document.RootElement);
            MappedBidRequest mapped = _mapper.Map(bid);
            if (mapped.Request is { } request)
                Answer(bid, mapped, request);
            return true;
        }
        catch (Exception e) when (e is InvalidRequestException or JsonException)
        {
            return false;
        }
    }

    private void Answer(BidRequest bid, MappedBidRequest mapped, AdRequest request)
    {
        _output.ResetWrittenCount();
        int bids = _writer.Write(_output, bid, mapped, FuzzSeeds.AnswerTo(request), _links, []);
        if (bids == 0)
            return;
        try
        {
            using JsonDocument response = JsonDocument.Parse(_output.WrittenMemory);
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException("The response is no JSON.", e);
        }
    }
}
