using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Http.Security;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall keys</c>: API keys of a front door.</summary>
internal static class KeysCommands
{
    public static Command Build(CommandBuilder builder) => CommandBuilder.Group(
        "keys", "Make, list and revoke API keys of a front door (`serve --keys`).",
        BuildNew(builder), BuildList(builder), BuildRevoke(builder));

    private static Command BuildNew(CommandBuilder builder)
    {
        Option<string> file = File();
        Option<string> role = OptionKit.Required("--role", "What it allows: serve, events, admin, or several with commas.", "ROLES");
        Option<int?> rate = OptionKit.OptionalNumber("--rate", "Requests a second that it allows; the door's own limit otherwise.", 1);
        Option<int?> atOnce = OptionKit.OptionalNumber("--at-once", "Requests that may be under way at once; any number otherwise.", 1);
        Option<string?> note = OptionKit.Optional("--note", "What it is for.", "TEXT");
        return builder.Build("new", "Make a key, and show it this once.", [file, role, rate, atOnce, note], (parsed, context) =>
        {
            string key = ApiKeyFile.AddNew(
                parsed.GetRequiredValue(file), DoorSettings.RolesOf("--role", parsed.GetRequiredValue(role)), parsed.GetValue(rate),
                parsed.GetValue(note) ?? "", parsed.GetValue(atOnce));
            context.Write(new NewKey(key), (console, made) =>
            {
                console.WriteLine(made.Key);
                console.WriteLine("It is shown this once; the file holds only its hash.");
            });
            return Task.CompletedTask;
        });
    }

    private static Command BuildList(CommandBuilder builder)
    {
        Option<string> file = File();
        return builder.Build("list", "List the keys of a file, without what opens the door.", [file], (parsed, context) =>
        {
            KeyRow[] rows = [.. ApiKeyFile.Load(parsed.GetRequiredValue(file)).Keys.OrderBy(k => k.Id, StringComparer.Ordinal)
                .Select(k => new KeyRow(k.Id, ApiRoleNames.Format(k.Roles), k.RequestsPerSecond, k.MaxConcurrent, k.Note))];
            context.Write(new KeyList(rows), (console, list) =>
            {
                var table = new Table();
                table.AddColumns("id", "roles", "requests/s", "at once", "note");
                foreach (KeyRow row in list.Keys)
                {
                    table.AddRow(
                        row.Id, row.Roles, row.RequestsPerSecond is { } rate ? Drawing.Count(rate) : "-",
                        row.AtOnce is { } atOnce ? Drawing.Count(atOnce) : "-", Markup.Escape(row.Note));
                }
                console.Write(table);
            });
            return Task.CompletedTask;
        });
    }

    private static Command BuildRevoke(CommandBuilder builder)
    {
        Option<string> file = File();
        var id = new Argument<string>("id") { Description = "The key's id, as `keys list` shows it." };
        return builder.Build("revoke", "Take a key out of a file; a running door notices within seconds.", [file, id], (parsed, context) =>
        {
            string path = parsed.GetRequiredValue(file), wanted = parsed.GetRequiredValue(id);
            if (!ApiKeyFile.Revoke(path, wanted))
                throw new UsageException($"{path} has no key {wanted}.");
            context.Write(new RevokedKey(wanted), (console, revoked) => console.WriteLine($"Revoked {revoked.Id}."));
            return Task.CompletedTask;
        });
    }

    private static Option<string> File() => OptionKit.Required("--file", "File of the keys; made where it is not there.", "FILE");

    private sealed record NewKey(string Key);

    private sealed record KeyRow(string Id, string Roles, int? RequestsPerSecond, int? AtOnce, string Note);

    private sealed record KeyList(KeyRow[] Keys);

    private sealed record RevokedKey(string Id);
}
