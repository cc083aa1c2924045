using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Cli.Workflows.Cluster;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall cluster up</c>.</summary>
internal static class ClusterCommands
{
    private static readonly string[] UsualRoles = [SiloPlan.GatewayRole, "retrieval", "control"], KnownRoles = [.. UsualRoles, "gpu"];
    private static readonly TimeSpan TimeToStart = TimeSpan.FromMinutes(3);

    public static Command Build(CommandBuilder builder) =>
        CommandBuilder.Group("cluster", "A cluster of silos on this machine (cluster edition).", BuildUp(builder));

    private static Command BuildUp(CommandBuilder builder)
    {
        Option<int> silos = OptionKit.Number("--silos", "How many silos.", 3, 1, 64);
        Option<string?> roles = OptionKit.Optional(
            "--roles", "Roles of each silo, such as \"gateway,control;retrieval;retrieval\"; the last ones are those of all that follow. "
            + "All of gateway, retrieval and control where it is not given.", "ROLES");
        Option<string?> redis = OptionKit.Optional(
            "--redis", "A Redis that runs already; one is started where it is not given.", "HOST:PORT");
        Option<string?> keep = OptionKit.Optional("--keep", "Where Redis' data lie and stay; a temporary folder otherwise.", "DIR");
        Option<int> door = OptionKit.Number("--door-port", "Port of the first front door.", 8080, 1, 65_000);
        Option<int> doors = OptionKit.Number(
            "--doors", "How many front doors have processes of their own, beside the silos; without them every gateway has one.", 0, 0, 64);
        (string Key, Option<string?> Option)[] directories =
        [
            ("model", OptionKit.Optional("--model", "Directory that `train` made.", "DIR")),
            ("index", OptionKit.Optional("--index", "Index directory.", "DIR")),
            ("market", OptionKit.Optional("--market", "Directory of campaigns.json and ads.jsonl.", "DIR")),
            ("data", OptionKit.Optional("--data", "Data-set directory: its users are known by their ids.", "DIR")),
        ];
        Option<string[]> set = new("--set")
        {
            Description = "A further setting of all silos and doors, such as membership:probeSeconds=2.", HelpName = "KEY=VALUE",
            DefaultValueFactory = _ => [],
        };
        return builder.Build(
            "up", "Start a cluster and keep it up until told to stop.",
            [silos, roles, redis, keep, doors, door, .. directories.Select(d => d.Option), set], async (parsed, context) =>
            {
                using var folder = new WorkFolder(parsed.GetValue(keep));
                var options = new LocalClusterOptions
                {
                    Silos = parsed.GetValue(silos),
                    Roles = parsed.GetValue(roles) is { } text ? RolesOf(text) : [UsualRoles],
                    Redis = parsed.GetValue(redis),
                    Folder = folder.Path,
                    Doors = parsed.GetValue(doors),
                    DoorPort = parsed.GetValue(door),
                    Settings =
                    [
                        .. directories.Select(d => (d.Key, Value: parsed.GetValue(d.Option))).Where(d => d.Value is not null)
                            .Select(d => $"--directories:{d.Key}={PathOf(d.Key, d.Value!)}"),
                        .. parsed.GetValue(set)!.Select(SettingOf),
                    ],
                };
                if (options.Doors > 0 && !options.Roles.Take(options.Silos).Any(silo => silo.Contains(SiloPlan.GatewayRole)))
                    throw new UsageException($"--doors ask gateways, and no silo of --roles has the role {SiloPlan.GatewayRole}.");
                await RunAsync(options, context).ConfigureAwait(false);
            });
    }

    private static async Task RunAsync(LocalClusterOptions options, CommandContext context)
    {
        var writer = TextWriter.Synchronized(context.Error);
        LocalCluster cluster = await LocalCluster.StartAsync(options, writer.WriteLine, context.Cancellation).ConfigureAwait(false);
        await using (cluster.ConfigureAwait(false))
        {
            await cluster.UntilReadyAsync(TimeToStart, context.Cancellation).ConfigureAwait(false);
            var up = new Report(
                cluster.Redis, cluster.RedisProcessId, [.. cluster.Silos.Select(SiloReport.Of)], [.. cluster.Doors.Select(DoorReport.Of)]);
            context.Write(
                up, static (console, report) =>
                {
                    Table table = Drawing.Table(null, "process", "roles", "door", "health", "silo port>", "pid>");
                    foreach (SiloReport silo in report.Silos)
                    {
                        table.Row(
                            silo.Name, string.Join(',', silo.Roles), silo.Door?.ToString() ?? "", silo.Health.ToString(),
                            $"{silo.SiloPort}", $"{silo.ProcessId}");
                    }
                    foreach (DoorReport door in report.Doors)
                        table.Row(door.Name, "door", door.Door?.ToString() ?? "", door.Health.ToString(), "", $"{door.ProcessId}");
                    console.Write(table);
                    console.WriteLine($"Redis: {report.Redis}. Stop with Ctrl-C.");
                });
            await Task.Delay(Timeout.Infinite, context.Cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string[][] RolesOf(string text)
    {
        const StringSplitOptions Parts = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        string[][] roles = [.. text.Split(';', Parts).Select(silo => silo.Split(',', Parts))];
        if (roles.Length == 0)
            throw new UsageException("--roles names no role.");
        foreach (string role in roles.SelectMany(silo => silo))
        {
            if (!KnownRoles.Contains(role))
                throw new UsageException($"--roles: there is no role '{role}'; there are {string.Join(", ", KnownRoles)}.");
        }
        return roles;
    }

    // Of the models that were trained side by side a cluster serves the deep one.
    private static string PathOf(string key, string directory) =>
        Path.GetFullPath(key == "model" ? ModelFolders.DeepIn(directory) : directory);

    private static string SettingOf(string text) => text.Contains('=') && text.Contains(':')
        ? "--" + text
        : throw new UsageException($"--set wants section:key=value, not '{text}'.");

    /// <summary>What runs; written once it is ready.</summary>
    private sealed record Report(string Redis, int RedisProcessId, SiloReport[] Silos, DoorReport[] Doors);

    private sealed record DoorReport(string Name, Uri? Door, Uri Health, int ProcessId)
    {
        public static DoorReport Of(SupervisedSilo door) => new(door.Plan.Name, door.Plan.Door, door.Plan.Health, door.ProcessId);
    }

    private sealed record SiloReport(
        string Name, IReadOnlyList<string> Roles, Uri? Door, Uri Health, int SiloPort, int GatewayPort, int ProcessId)
    {
        public static SiloReport Of(SupervisedSilo silo) => new(
            silo.Plan.Name, silo.Plan.Roles, silo.Plan.Door, silo.Plan.Health, silo.Plan.SiloPort, silo.Plan.GatewayPort, silo.ProcessId);
    }

    /// <summary>A folder that is kept, or goes when the cluster has stopped.</summary>
    private sealed class WorkFolder : IDisposable
    {
        private readonly DirectoryInfo? _temporary;

        public WorkFolder(string? keep)
        {
            _temporary = keep is null ? Directory.CreateTempSubdirectory("recall-cluster-") : null;
            Path = _temporary?.FullName ?? System.IO.Path.GetFullPath(keep!);
        }

        public string Path { get; }

        public void Dispose() => _temporary?.Delete(recursive: true);
    }
}
