using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Http;
using RecallCluster.Http.Observability;
using RecallCluster.Http.Overload;
using RecallCluster.Http.Security;

namespace RecallCluster.Cli.Workflows;

/// <summary>The options of <c>serve</c> that say who may come in, how many at once, and who watches.</summary>
internal sealed class DoorSettings
{
    private const string NoRoles = "none";

    private static readonly AccessOptions UsualAccess = new();
    private static readonly OverloadOptions UsualOverload = new();

    private readonly Option<string?> _keys = OptionKit.Optional(
        "--keys", "File of API keys, which `keys new` makes; read again when it changes.", "FILE");

    private readonly Option<string?> _loopback = OptionKit.Optional(
        "--loopback", "What callers of this machine may do without a key: serve,events,admin or none. All of it where there is no --keys, "
        + "else none.", "ROLES");

    private readonly Option<int> _rate = OptionKit.Number(
        "--rate", "Requests a second that each key, and each address without one, is allowed.", UsualAccess.RequestsPerSecond, 1);

    private readonly Option<string?> _certificate = OptionKit.Optional(
        "--certificate", "Certificate chain (PEM) for URLs of https.", "FILE");

    private readonly Option<string?> _certificateKey = OptionKit.Optional(
        "--certificate-key", "Its private key (PEM), where the certificate's file does not hold it.", "FILE");

    private readonly Option<string?> _authority = OptionKit.Optional(
        "--client-authority", "Authorities (PEM) of client certificates; every caller must then show one.", "FILE");

    private readonly Option<string?> _publicUrl = OptionKit.Optional(
        "--public-url", "How clients reach this door, for tracking links; taken from each request where it is not given.", "URL");

    private readonly Option<double> _latency = OptionKit.Real(
        "--latency-target", "Latency in milliseconds that admitted requests should keep; what would break it is turned away.",
        UsualOverload.LatencyTarget.TotalMilliseconds, 0.1, 60_000);

    private readonly Option<int?> _inFlight = new("--max-in-flight")
    {
        Description = "Most requests that are worked on at once, 2 or more. "
            + $"As many as there are --threads where this process answers for all shards, else {UsualOverload.MaxInFlight}.",
        HelpName = "n",
    };

    private readonly Option<int> _queue = OptionKit.Number(
        "--queue", "Requests that may wait for their turn; more smooth bursts, fewer turn away sooner.", UsualOverload.QueueLength, 0);

    private readonly Option<double> _queueTime = OptionKit.Real(
        "--queue-ms", "Longest wait for a turn, in milliseconds; after it a request is turned away.",
        UsualOverload.QueueTime.TotalMilliseconds,
        0, 60_000);

    private readonly Option<string?> _collector = OptionKit.Optional(
        "--otlp", "OpenTelemetry collector for traces and metrics; OTEL_EXPORTER_OTLP_ENDPOINT says it, too.", "URL");

    private readonly Option<double?> _traceShare = new("--trace-share")
    {
        Description = "Share of requests that are traced, 0 to 1; all where it is not given.", HelpName = "x",
    };

    public IEnumerable<Symbol> Symbols =>
    [
        _keys, _loopback, _rate, _certificate, _certificateKey, _authority, _publicUrl, _latency, _inFlight, _queue, _queueTime, _collector,
        _traceShare,
    ];

    /// <summary>The door with these options.</summary>
    /// <param name="door">What is decided already.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="searchers">Processors that do all the work; null where other processes do some of it.</param>
    /// <exception cref="UsageException">Options do not go together, or one makes no sense.</exception>
    /// <exception cref="IOException">The key file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is broken.</exception>
    public FrontDoorOptions Complete(FrontDoorOptions door, ParseResult parsed, int? searchers) => door with
    {
        Access = AccessOf(parsed),
        Tls = TlsOf(parsed.GetValue(_certificate), parsed.GetValue(_certificateKey), parsed.GetValue(_authority)),
        PublicUrl = parsed.GetValue(_publicUrl) is { } url ? WebUrl("--public-url", url) : null,
        Overload = OverloadOf(parsed, searchers),
    };

    /// <summary>Where traces and metrics go.</summary>
    /// <exception cref="UsageException">The URL or the share makes no sense.</exception>
    public TelemetryOptions TelemetryOf(ParseResult parsed)
    {
        double? share = parsed.GetValue(_traceShare);
        if (share is not (null or (>= 0 and <= 1)))
            throw new UsageException($"--trace-share is 0 to 1, not {share}.");
        return new TelemetryOptions
        {
            Endpoint = parsed.GetValue(_collector) is { } url ? WebUrl("--otlp", url) : null, TraceShare = share,
        };
    }

    private AccessOptions AccessOf(ParseResult parsed)
    {
        string? path = parsed.GetValue(_keys), loopback = parsed.GetValue(_loopback);
        return new AccessOptions
        {
            Keys = path is null ? null : ApiKeyFile.Load(path),
            KeysPath = path,
            AnonymousOnLoopback = loopback switch
            {
                null => path is null ? UsualAccess.AnonymousOnLoopback : ApiRoles.None,
                NoRoles => ApiRoles.None,
                _ => RolesOf("--loopback", loopback),
            },
            RequestsPerSecond = parsed.GetValue(_rate),
        };
    }

    private OverloadOptions OverloadOf(ParseResult parsed, int? searchers)
    {
        int most = parsed.GetValue(_inFlight) ?? Math.Max(searchers ?? UsualOverload.MaxInFlight, UsualOverload.MinInFlight);
        if (most < UsualOverload.MinInFlight)
            throw new UsageException($"--max-in-flight is {UsualOverload.MinInFlight} or more, not {most}.");
        return UsualOverload with
        {
            LatencyTarget = TimeSpan.FromMilliseconds(parsed.GetValue(_latency)),
            MaxInFlight = most,
            InitialInFlight = Math.Min(most, UsualOverload.InitialInFlight),
            QueueLength = parsed.GetValue(_queue),
            QueueTime = TimeSpan.FromMilliseconds(parsed.GetValue(_queueTime)),
        };
    }

    /// <summary>
    /// The certificates of <c>--certificate</c>, <c>--certificate-key</c> and <c>--client-authority</c>; null without any.
    /// </summary>
    /// <exception cref="UsageException">The first is missing.</exception>
    public static TlsOptions? TlsOf(string? certificate, string? key, string? authority)
    {
        if (certificate is null && (key ?? authority) is not null)
            throw new UsageException("--certificate-key and --client-authority want --certificate.");
        return certificate is null
            ? null
            : new TlsOptions { CertificatePath = certificate, KeyPath = key, ClientAuthorityPath = authority };
    }

    /// <summary>The roles of a list.</summary>
    /// <exception cref="UsageException">It names one that does not exist.</exception>
    public static ApiRoles RolesOf(string option, string text)
    {
        try
        {
            return ApiRoleNames.Parse(text);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"{option}: {e.Message}");
        }
    }

    private static Uri WebUrl(string option, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
            ? url
            : throw new UsageException($"{option} wants an http or https URL, not {text}.");
}
