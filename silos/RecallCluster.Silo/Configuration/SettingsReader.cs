using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Devices;
using RecallCluster.Http.Overload;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using StackExchange.Redis;

namespace RecallCluster.Silo.Configuration;

/// <summary>
/// Reads a silo's settings. Later sources win:
/// <code> --config FILE (JSON) ─► environment, RECALL_SILO_cluster__id=… ─► command line, --cluster:id=… </code>
/// </summary>
internal static class SettingsReader
{
    private const string EnvironmentPrefix = "RECALL_SILO_";
    private const int DefaultSiloPort = 11111, DefaultGatewayPort = 30000;

    /// <summary>Reads what the program was started with.</summary>
    /// <exception cref="SettingsException">A value makes no sense.</exception>
    /// <exception cref="InvalidDataException">The file is no JSON.</exception>
    public static SiloSettings Read(string[] arguments)
    {
        var builder = new ConfigurationBuilder();
        string[] rest = TakeFiles(arguments, builder);
        builder.AddEnvironmentVariables(EnvironmentPrefix);
        foreach (string argument in rest)
        {
            if (!argument.StartsWith("--", StringComparison.Ordinal))
                throw new SettingsException(argument, "is no setting; settings are --section:key=value.");
        }
        builder.AddCommandLine(rest);
        try
        {
            return Read(builder.Build());
        }
        catch (InvalidDataException e) when (e.InnerException is not null)
        {
            throw new InvalidDataException($"{e.Message} {e.InnerException.Message}", e);
        }
    }

    /// <summary>Checks a configuration.</summary>
    /// <exception cref="SettingsException">A value makes no sense.</exception>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var section = new SettingsSection(configuration);
        ClusteringKind clustering = ClusteringOf(section);
        HashSet<string> roles = RolesOf(section);
        IPAddress address = AddressOf(section);
        int siloPort = Port(section, "silo:port", DefaultSiloPort), gatewayPort = Port(section, "silo:gatewayPort", DefaultGatewayPort);
        if (siloPort == gatewayPort)
            throw new SettingsException("silo:gatewayPort", $"is {gatewayPort}, as is silo:port; each wants a port of its own.");
        string cluster = section.Name("cluster:id", "recall");
        string doorUrl = section.Url("http:door", "http://127.0.0.1:8080");
        var settings = new SiloSettings
        {
            Node = new SiloNode
            {
                Name = section.Name("silo:name", $"{Dns.GetHostName()}-{siloPort}"),
                Cluster = cluster,
                Roles = roles,
                MarketDirectory = section.Directory("directories:market"),
                ModelDirectory = section.Directory("directories:model"),
                IndexDirectory = section.Directory("directories:index"),
                DataDirectory = section.Directory("directories:data"),
                VersionsDirectory = section.Directory("directories:versions"),
                ShardMemory = section.Whole("silo:shardMemoryMiB", UsualShardMemory() >> 20, 16, 1L << 30) << 20,
                Replicas = (int)section.Whole("silo:replicas", 2, 1, 16),
                Searches = (int)section.Whole("silo:searches", Environment.ProcessorCount, 1, 4_096),
                FeedbackPatience = section.Seconds("grains:feedbackSeconds", TimeSpan.FromSeconds(2), 0.05, 60),
                Device = DeviceOf(section, roles, $"{cluster}-{siloPort}"),
                Door = roles.Contains(SiloRoles.Gateway) || roles.Contains(SiloRoles.Door) ? AddressOfDoor(doorUrl) : null,
            },
            ServiceId = section.Name("cluster:service", "recall"),
            Clustering = clustering,
            Redis = RedisOf(section),
            RedisWait = section.Seconds("cluster:redisWaitSeconds", TimeSpan.FromSeconds(60), 0, 86_400),
            Address = address,
            SiloPort = siloPort,
            GatewayPort = gatewayPort,
            ListenOnAny = section.Flag("silo:listenOnAny", false),
            Primary = PrimaryOf(section),
            DoorUrl = doorUrl,
            DoorKeys = section.File("http:keys"),
            TokenKeys = section.File("http:tokenKeys"),
            Overload = OverloadOf(section),
            BusinessClock = ClockOf(section),
            PublicUrl = section.Text("http:publicUrl") is { } url ? new Uri(section.Url("http:publicUrl", url)) : null,
            HealthUrl = section.Url("http:health", "http://127.0.0.1:8081"),
            Tls = TlsOf(section),
            Membership = MembershipOf(section),
            Rollouts = RolloutsOf(section),
            IdleGrains = section.Seconds("grains:idleSeconds", TimeSpan.FromMinutes(15), 61, 86_400),
            ResponseTimeout = section.Seconds("grains:responseSeconds", TimeSpan.FromSeconds(10), 0.5, 600),
            Parent = section.Whole("silo:parent", 0, 0, int.MaxValue) is > 0 and var parent ? (int)parent : null,
            Notice = section.Seconds("silo:noticeSeconds", TimeSpan.FromSeconds(2), 0, 600),
            DrainTime = section.Seconds("silo:drainSeconds", TimeSpan.FromSeconds(25), 1, 3_600),
        };
        section.RefuseOthers();
        RefuseSharedPorts(settings);
        return settings;
    }

    /// <summary>A third of the memory that the process may have is left to requests, campaigns and users.</summary>
    private static long UsualShardMemory() => Math.Max(16L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 3 * 2);

    private static string[] TakeFiles(string[] arguments, ConfigurationBuilder builder)
    {
        var rest = new List<string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            const string Equal = "--config=";
            string? file = arguments[i] == "--config" && i + 1 < arguments.Length ? arguments[++i]
                : arguments[i].StartsWith(Equal, StringComparison.Ordinal) ? arguments[i][Equal.Length..] : null;
            if (arguments[i] == "--config" && file is null)
                throw new SettingsException("--config", "wants a file.");
            if (file is null)
            {
                rest.Add(arguments[i]);
                continue;
            }
            if (!File.Exists(file))
                throw new SettingsException("--config", $"there is no file {file}.");
            builder.AddJsonFile(Path.GetFullPath(file), optional: false);
        }
        return [.. rest];
    }

    private static ClusteringKind ClusteringOf(SettingsSection section) => section.Text("cluster:clustering") switch
    {
        null or "redis" => ClusteringKind.Redis,
        "localhost" => ClusteringKind.Localhost,
        { } other => throw new SettingsException("cluster:clustering", $"wants redis or localhost, not '{other}'."),
    };

    private static HashSet<string> RolesOf(SettingsSection section)
    {
        string[] given = section.List("silo:roles");
        if (given.Length == 0)
            return [SiloRoles.Gateway, SiloRoles.Retrieval, SiloRoles.Control];
        foreach (string role in given)
        {
            if (!SiloRoles.All.Contains(role))
                throw new SettingsException("silo:roles", $"there is no role '{role}'; there are {string.Join(", ", SiloRoles.All)}.");
        }
        return given.Length > 1 && given.Contains(SiloRoles.Door)
            ? throw new SettingsException("silo:roles", "door is a process of its own and no silo; it stands alone.")
            : [.. given];
    }

    private static IPAddress AddressOf(SettingsSection section)
    {
        string text = section.Text("silo:address") ?? "127.0.0.1";
        if (IPAddress.TryParse(text, out IPAddress? address))
        {
            return address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
                ? throw new SettingsException(
                    "silo:address", $"wants the address that other silos reach this one at, not {text}; silo:listenOnAny listens on all.")
                : address;
        }
        try
        {
            return Array.Find(Dns.GetHostAddresses(text), found => found.AddressFamily == AddressFamily.InterNetwork)
                ?? throw new SettingsException("silo:address", $"'{text}' has no IPv4 address.");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new SettingsException("silo:address", $"'{text}' is no address and no host that is known: {e.Message}");
        }
    }

    private static DeviceOptions? DeviceOf(SettingsSection section, HashSet<string> roles, string silo)
    {
        string? scorer = section.Text("gpu:scorer"), module = section.File("gpu:module");
        string precision = section.Text("gpu:precision") ?? nameof(ScorerPrecision.Fp32);
        long memory = section.Whole("gpu:memoryMiB", 0, 0, 1L << 30);
        string mark = Path.GetFullPath(section.Text("gpu:lossFile") ?? Path.Combine(Path.GetTempPath(), $"recall-{silo}.device-lost"));
        TimeSpan rest = section.Seconds("gpu:restSeconds", TimeSpan.FromMinutes(10), 0, 86_400);
        if (!roles.Contains(SiloRoles.Gpu))
        {
            return (scorer ?? module) is null && memory == 0
                ? null
                : throw new SettingsException("gpu:scorer", "wants the role gpu in silo:roles.");
        }
        // A fault of the device ends its process, which must not be the front door's.
        if (roles.Contains(SiloRoles.Gateway) || roles.Contains(SiloRoles.Door))
            throw new SettingsException("silo:roles", "gpu and gateway do not go together: a fault of a device ends its silo.");
        ScorerChoice choice = ScorerChoice.TryParse(scorer ?? "cuda:0") is { Place: not ScorerPlace.Cpu } device
            ? device
            : throw new SettingsException("gpu:scorer", $"wants one of {ScorerChoice.Forms} but cpu, not '{scorer}'.");
        return new DeviceOptions
        {
            Scorer = choice,
            Precision = Enum.TryParse(precision, ignoreCase: true, out ScorerPrecision known) && Enum.IsDefined(known)
                ? known
                : throw new SettingsException("gpu:precision", $"wants fp32, bf16 or fp16, not '{precision}'."),
            ModulePath = module,
            // Each version's own take their place when it is opened.
            Batches = DeviceBatches.For(choice.Place),
            MostTableBytes = memory == 0 ? null : memory << 20,
            Loss = rest == TimeSpan.Zero ? null : new DeviceLossMark(mark, rest),
        };
    }

    private static int Port(SettingsSection section, string key, int otherwise) => (int)section.Whole(key, otherwise, 1, 65_535);

    private static string RedisOf(SettingsSection section)
    {
        string text = section.Text("cluster:redis") ?? "127.0.0.1:6379";
        try
        {
            return ConfigurationOptions.Parse(text).EndPoints.Count > 0
                ? text
                : throw new SettingsException("cluster:redis", "names no server; it wants one such as 127.0.0.1:6379.");
        }
        catch (ArgumentException e)
        {
            throw new SettingsException("cluster:redis", $"is no connection string of Redis: {e.Message}");
        }
    }

    private static IPEndPoint? PrimaryOf(SettingsSection section) => section.Text("cluster:primary") is not { } text
        ? null
        : IPEndPoint.TryParse(text, out IPEndPoint? place) && place.Port > 0
            ? place
            : throw new SettingsException("cluster:primary", $"wants an address and a port such as 127.0.0.1:11111, not '{text}'.");

    private static TlsSettings? TlsOf(SettingsSection section)
    {
        string? certificate = section.File("tls:certificate"), key = section.File("tls:key"), authority = section.File("tls:authority");
        string name = section.Text("tls:name") ?? "recall-silo";
        if (certificate is null && (key ?? authority) is not null)
            throw new SettingsException("tls:certificate", "is missing; tls:key and tls:authority want it.");
        return certificate is null
            ? null
            : new TlsSettings(
                certificate, key, authority ?? throw new SettingsException("tls:authority", "is missing: whose certificates are accepted?"),
                name);
    }

    private static OverloadOptions OverloadOf(SettingsSection section)
    {
        var usual = new OverloadOptions();
        return usual with
        {
            LatencyTarget = section.Seconds("http:latencySeconds", usual.LatencyTarget, 1e-3, 60),
            QueueLength = (int)section.Whole("http:queue", usual.QueueLength, 0, 1_000_000),
            QueueTime = section.Seconds("http:queueSeconds", usual.QueueTime, 0, 600),
        };
    }

    private static MembershipSettings MembershipOf(SettingsSection section)
    {
        var usual = new MembershipSettings();
        return new MembershipSettings
        {
            Probe = section.Seconds("membership:probeSeconds", usual.Probe, 0.1, 60),
            MissedProbes = (int)section.Whole("membership:missedProbes", usual.MissedProbes, 1, 100),
            Votes = (int)section.Whole("membership:votes", usual.Votes, 1, 10),
        };
    }

    private static RolloutOptions RolloutsOf(SettingsSection section)
    {
        var usual = new RolloutOptions();
        return new RolloutOptions
        {
            Trial = usual.Trial with
            {
                Users = (int)section.Whole("rollout:trialUsers", usual.Trial.Users, 0, 10_000),
                LeastRecall = section.Real("rollout:leastTrialRecall", usual.Trial.LeastRecall, 0, 1),
            },
            Shadow = new ShadowLimits
            {
                Requests = (int)section.Whole("rollout:requests", usual.Shadow.Requests, 0, 10_000_000),
                Share = section.Real("rollout:share", usual.Shadow.Share, 1e-6, 1),
                LeastValue = section.Real("rollout:leastValue", usual.Shadow.LeastValue, 0, 1),
                MostValue = section.Real("rollout:mostValue", usual.Shadow.MostValue, 1, 1e6),
                LeastOverlap = section.Real("rollout:leastOverlap", usual.Shadow.LeastOverlap, 0, 1),
                MostLatency = section.Real("rollout:mostLatency", usual.Shadow.MostLatency, 0.01, 1e6),
                LatencyAllowance = section.Seconds("rollout:latencyAllowanceSeconds", usual.Shadow.LatencyAllowance, 0, 60),
                MostFailures = section.Real("rollout:mostFailures", usual.Shadow.MostFailures, 0, 1),
                Patience = section.Seconds("rollout:patienceSeconds", usual.Shadow.Patience, 1, 604_800),
            },
            Calibrators = new CalibratorLimits
            {
                Impressions = (int)section.Whole("rollout:calibratorImpressions", usual.Calibrators.Impressions, 0, 1_000_000_000),
                Clicks = (int)section.Whole("rollout:calibratorClicks", usual.Calibrators.Clicks, 0, 1_000_000_000),
                MostLogLoss = section.Real("rollout:mostCalibratorLogLoss", usual.Calibrators.MostLogLoss, 1e-6, 1e6),
                MostPcocError = section.Real("rollout:mostCalibratorPcocError", usual.Calibrators.MostPcocError, 0, 1e6),
                Patience = section.Seconds("rollout:calibratorPatienceSeconds", usual.Calibrators.Patience, 1, 604_800),
            },
            Actors = new ActorLimits
            {
                Campaigns = (int)section.Whole("rollout:actorCampaigns", usual.Actors.Campaigns, 0, ActorTrial.MostCampaigns),
                Auctions = section.Whole("rollout:actorAuctions", usual.Actors.Auctions, 0, 1_000_000_000),
                LeastScore = section.Real("rollout:leastActorScore", usual.Actors.LeastScore, 0, 2),
                MostBreachIncrease = section.Real("rollout:mostActorBreachIncrease", usual.Actors.MostBreachIncrease, 0, 10),
                Patience = section.Seconds("rollout:actorPatienceSeconds", usual.Actors.Patience, 1, 604_800),
            },
        };
    }

    private static TimeProvider ClockOf(SettingsSection section)
    {
        double speed = section.Real("clock:speed", 1, 1e-3, 1e6);
        DateTimeOffset? real = section.Time("clock:realOrigin"), business = section.Time("clock:businessOrigin");
        if (real is null != business is null)
            throw new SettingsException(real is null ? "clock:realOrigin" : "clock:businessOrigin", "is missing: the origins go together.");
        if (real is null && speed != 1)
            throw new SettingsException("clock:realOrigin", "is missing: a clock of another speed wants both origins.");
        return real is { } then && business is { } at ? new ScaledClock(TimeProvider.System, then, at, speed) : TimeProvider.System;
    }

    private static Uri AddressOfDoor(string url) => new(url.Replace("//*", "//" + Dns.GetHostName(), StringComparison.Ordinal));

    private static void RefuseSharedPorts(SiloSettings settings)
    {
        var taken = new Dictionary<int, string>();
        if (!settings.IsDoor)
            (taken[settings.SiloPort], taken[settings.GatewayPort]) = ("silo:port", "silo:gatewayPort");
        foreach ((string key, string url) in new[] { ("http:door", settings.DoorUrl), ("http:health", settings.HealthUrl) })
        {
            if (key == "http:door" && !settings.Node.Has(SiloRoles.Gateway) && !settings.IsDoor)
                continue;
            int port = AddressOfDoor(url).Port;
            if (port != 0 && !taken.TryAdd(port, key))
                throw new SettingsException(key, $"is at port {port}, as is {taken[port]}; each wants a port of its own.");
        }
    }
}
