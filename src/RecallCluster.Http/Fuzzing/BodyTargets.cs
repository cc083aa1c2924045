using System.Text.Json;
using RecallCluster.Http.Admin;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Http.Tracking;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Http.Fuzzing;

/// <summary>A strict body of ours: <paramref name="read"/> throws <see cref="InvalidRequestException"/> or succeeds.</summary>
internal sealed class BodyTarget(string name, IReadOnlyList<string> seeds, Action<byte[]> read) : IFuzzTarget
{
    private readonly JsonMutator _mutator = new(seeds);

    public string Name => name;

    public byte[] Next(SeededRandom random) => _mutator.Next(random);

    public bool Accepts(byte[] input)
    {
        try
        {
            read(input);
            return true;
        }
        catch (InvalidRequestException)
        {
            return false;
        }
    }
}

/// <summary>The bodies of our own routes.</summary>
internal static class BodyTargets
{
    private static readonly FrontDoorOptions Options = new() { Tracking = new TrackingOptions { Keys = FuzzSeeds.Keys } };

    /// <summary><c>POST /v1/ads</c>, answer included.</summary>
    public static IFuzzTarget Native()
    {
        var links = new TrackingLinks(new Tracker(Options, new FrontDoorParts()), "https://ads.example");
        return new BodyTarget("native", FuzzSeeds.Native, input =>
        {
            AdRequest request = AdsRequestReader.Read(StrictJson.Read(input, HttpJson.Default.AdsRequestBody), false, Options.Limits);
            JsonSerializer.SerializeToUtf8Bytes(AdsAnswerWriter.BodyOf(FuzzSeeds.AnswerTo(request), links), HttpJson.Default.AdsAnswerBody);
        });
    }

    /// <summary><c>POST /v1/candidates</c>.</summary>
    public static IFuzzTarget Candidates() => new BodyTarget("candidates", FuzzSeeds.Candidates, input =>
        CandidatesRequestReader.RequestOf(StrictJson.Read(input, HttpJson.Default.CandidatesRequestBody), Options.Limits));

    /// <summary><c>POST /v1/events</c>.</summary>
    public static IFuzzTarget Events()
    {
        var reader = new EventsReader(new Tracker(Options, new FrontDoorParts()), Options.Limits);
        return new BodyTarget("events", FuzzSeeds.Events, input => reader.Read(StrictJson.Read(input, HttpJson.Default.EventsBody)));
    }

    /// <summary><c>PUT /v1/campaigns/{id}</c>.</summary>
    public static IFuzzTarget Campaigns() => new BodyTarget(
        "campaigns", FuzzSeeds.Campaigns, input => CampaignBodyMap.SettingsOf(7, StrictJson.Read(input, AdminJson.Default.CampaignBody)));

    /// <summary><c>PUT /v1/experiments/{id}</c>.</summary>
    public static IFuzzTarget Experiments() => new BodyTarget("experiments", FuzzSeeds.Experiments, input =>
        ExperimentChecks.Check(StrictJson.Read(input, AdminJson.Default.ExperimentBody).ToSettings(7)));

    /// <summary><c>PUT /v1/ads/{id}</c>.</summary>
    public static IFuzzTarget Ads() => new BodyTarget(
        "ads", FuzzSeeds.Ads, input => StrictJson.Read(input, AdminJson.Default.AdResourceBody).ToAd("ad-1"));
}
