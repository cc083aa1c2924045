using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Http.Shards;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall shard</c>.</summary>
internal static class ShardCommand
{
    public static Command Build(CommandBuilder builder)
    {
        Option<string> model = OptionKit.Required("--model", "Directory that `train` made.", "DIR");
        Option<string> index = OptionKit.Required("--index", "Index directory, the same as the gateway's.", "DIR");
        Option<int> number = OptionKit.Number("--shard", "Which shard of the index.", 0, 0);
        Option<string> url = new("--url")
        {
            Description = "Where to listen; port 0 takes a free one. Beyond this machine it wants --secret or --client-authority.",
            DefaultValueFactory = _ => "http://127.0.0.1:0",
            HelpName = "URL",
        };
        Option<string?> secret = OptionKit.Optional(
            "--secret", "File of the secret that gateways must show, which `keys secret` makes.", "FILE");
        Option<string?> certificate = OptionKit.Optional("--certificate", "Certificate chain (PEM) for a URL of https.", "FILE");
        Option<string?> certificateKey = OptionKit.Optional(
            "--certificate-key", "Its private key (PEM), where the certificate's file does not hold it.", "FILE");
        Option<string?> authority = OptionKit.Optional(
            "--client-authority", "Authorities (PEM) of gateways' certificates; every gateway must then show one.", "FILE");
        Option<int> threads = OptionKit.Threads();
        var scorer = new ScorerOptions();
        Option<int?> supervisor = OptionKit.OptionalNumber(
            DeviceProcess.SupervisorOption, "Number of the process that goes on without the device when it is lost.", 1);
        supervisor.Hidden = true;
        return builder.Build(
            "shard",
            "Serve one shard of an index to gateways (`serve --shards`) over HTTP/2, until told to stop.",
            [model, index, number, url, secret, certificate, certificateKey, authority, threads, .. scorer.All, supervisor],
            async (parsed, context) =>
            {
                var server = new ShardServerOptions
                {
                    Url = parsed.GetValue(url)!,
                    Secret = parsed.GetValue(secret) is { } path ? ShardSecret.Load(path) : null,
                    Tls = DoorSettings.TlsOf(parsed.GetValue(certificate), parsed.GetValue(certificateKey), parsed.GetValue(authority)),
                };
                RequireClosed(server);
                string folder = ModelFolders.DeepIn(parsed.GetRequiredValue(model));
                var service = new ShardService(
                    folder, parsed.GetRequiredValue(index), parsed.GetValue(number), parsed.GetValue(threads), server,
                    scorer.Read(parsed, folder));
                if (parsed.GetValue(supervisor) is { } parent)
                    await service.ServeForAsync(parent, context, Write).ConfigureAwait(false);
                else if (service.Device is not null)
                    await service.SuperviseAsync(parsed, context, Write).ConfigureAwait(false);
                else
                    await service.ServeAsync(context, Write).ConfigureAwait(false);
            });
    }

    private static void Write(CommandContext context, ShardServing serving) => context.Write(serving, (console, served) =>
    {
        console.WriteLine($"{DeviceProcess.ReadyMark}{served.Shard} of {served.Shards}, {Drawing.Count(served.Ads)} ads, "
            + $"identity {served.Identity}, at {served.Url}, scored by {served.Scorer}");
        console.WriteLine("Stop with Ctrl-C.");
    });

    // Who can ask a shard can take its ads out of it.
    private static void RequireClosed(ShardServerOptions server)
    {
        bool isLocal = Uri.TryCreate(server.Url, UriKind.Absolute, out Uri? url) && url.IsLoopback;
        if (!isLocal && server is { Secret: null, Tls: not { ClientAuthorityPath: not null } })
            throw new UsageException(
                $"--url {server.Url} can be reached from other machines: it wants --secret, --client-authority, or both.");
    }
}
