using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Http;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Http.Tokens;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.State;

namespace RecallCluster.Cli.Workflows;

/// <summary>The options of <c>serve</c> that make it sell ads, not only find them.</summary>
internal sealed class ServeOptions
{
    public const string TokenKeysSuffix = ".keys";

    private readonly Option<string?> _market = OptionKit.Optional(
        "--market", "Directory of campaigns.json and ads.jsonl; the data-set directory where it has them.", "DIR");

    private readonly Option<string?> _state = OptionKit.Optional(
        "--state", "File of the durable state: ledgers, users, calibration; made where it is not there.", "FILE");

    private readonly Option<string?> _trace = OptionKit.Optional(
        "--trace", "File to append every auction to, for training and for an oracle.", "FILE");

    private readonly Option<double> _speed = OptionKit.Real("--clock-speed", "Business seconds that pass in a real second.", 1, 1e-3, 1e6);

    private readonly Option<DateTimeOffset?> _realOrigin = Time(
        "--clock-real-origin", "A moment of real time, where the business clock is not the real one ...");

    private readonly Option<DateTimeOffset?> _businessOrigin = Time("--clock-business-origin", "... and the business time of that moment.");

    private readonly Option<string?> _actors = OptionKit.Optional(
        "--actors", "Folder of trained actors (`bid train`), such as uscb-click-cpc.json, to use in place of those that are shipped.",
        "DIR");

    private readonly Option<double> _valueRecall = OptionKit.Real(
        "--value-recall", "Share of one processor that may go into scoring every ad now and then, so that the live view can tell how much "
        + "of the value the search finds; 0 for none.", 0.02, 0, 1);

    public IEnumerable<Symbol> Symbols => [_market, _state, _trace, _speed, _realOrigin, _businessOrigin, _actors, _valueRecall];

    /// <summary>What is sold; null where there is no market.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="data">The data-set directory, or null.</param>
    /// <exception cref="UsageException">Options do not go together.</exception>
    public ClosedLoopOptions? MarketOf(ParseResult parsed, string? data)
    {
        string? market = parsed.GetValue(_market) ?? (data is not null && AdsDirectory.HasMarket(data) ? data : null);
        if (market is null)
        {
            return parsed.GetValue(_state) is null && parsed.GetValue(_trace) is null
                ? null
                : throw new UsageException("--state and --trace want a market: --market DIR, or a data-set directory with one.");
        }
        return new ClosedLoopOptions
        {
            MarketDirectory = market,
            StateFile = StateOf(parsed, market),
            BusinessClock = ClockOf(parsed, StateOf(parsed, market)),
            State = new ServingStateOptions { Actors = parsed.GetValue(_actors) is { } actors ? Path.GetFullPath(actors) : null },
            ValueRecallShare = parsed.GetValue(_valueRecall),
            Trace = parsed.GetValue(_trace) is { } trace ? new AuctionTraceWriter(trace) : null,
        };
    }

    /// <summary>The door with tracking tokens that outlive the process, beside the state.</summary>
    public static FrontDoorOptions Complete(FrontDoorOptions door, ClosedLoopOptions? market) => market is null
        ? door
        : door with
        {
            Tracking = new TrackingOptions
            {
                Keys = TokenKeyRing.LoadOrCreate(market.StateFile + TokenKeysSuffix), KeysPath = market.StateFile + TokenKeysSuffix,
            },
        };

    private string StateOf(ParseResult parsed, string market) =>
        Path.GetFullPath(parsed.GetValue(_state) ?? Path.Combine(market, "state.db"));

    private TimeProvider ClockOf(ParseResult parsed, string stateFile)
    {
        double speed = parsed.GetValue(_speed);
        DateTimeOffset? real = parsed.GetValue(_realOrigin), business = parsed.GetValue(_businessOrigin);
        if (real is null != business is null)
            throw new UsageException("--clock-real-origin and --clock-business-origin go together.");
        return real is { } then && business is { } at
            ? new ScaledClock(TimeProvider.System, then, at, speed)
            : BusinessClockFile.Open(stateFile, speed, TimeProvider.System);
    }

    private static Option<DateTimeOffset?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "time",
        CustomParser = result => DateTimeOffset.TryParse(
            result.Tokens[0].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
                ? time
                : Fail(result, name),
    };

    private static DateTimeOffset? Fail(ArgumentResult result, string name)
    {
        result.AddError($"{name} wants a time such as 2026-05-01T00:00:00Z, not {result.Tokens[0].Value}.");
        return null;
    }
}
