using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Http.Security;
using RecallCluster.Http.Shards;
using RecallCluster.Http.Tokens;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall keys</c>: API keys of a front door.</summary>
internal static class KeysCommands
{
    public static Command Build(CommandBuilder builder) => CommandBuilder.Group(
        "keys", "API keys of a front door (`serve --keys`), keys of its tracking tokens, the secret of its shards.",
        BuildNew(builder), BuildList(builder), BuildRevoke(builder), BuildRotate(builder), BuildSecret(builder));

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

    private static Command BuildRotate(CommandBuilder builder)
    {
        Option<string> state = OptionKit.Required(
            "--state", "State file of the front door, beside which the keys of its tracking tokens stand.", "FILE");
        Option<int> keep = OptionKit.Number(
            "--keep", "Most keys that stay, the new one included; tokens of a key that goes are refused from then on.",
            TokenKeyRing.MaxKeys, 2);
        return builder.Build(
            "rotate", "Sign tracking tokens with a new key; those that are out stay good until they expire. A running door notices within "
            + "seconds.", [state, keep], (parsed, context) =>
            {
                string path = parsed.GetRequiredValue(state) + ServeOptions.TokenKeysSuffix;
                int most = parsed.GetValue(keep);
                if (most > TokenKeyRing.MaxKeys)
                    throw new UsageException($"--keep is 2 to {TokenKeyRing.MaxKeys}, not {most}.");
                if (!System.IO.File.Exists(path))
                    throw new UsageException($"{path} is not there; `serve` makes it.");
                TokenKeyRing before = TokenKeyRing.Load(path), after = before.Rotate(most);
                after.Save(path);
                context.Write(
                    new Rotated([.. after.Ids.Select(id => (int)id)], [.. before.Ids.Except(after.Ids).Select(id => (int)id)]),
                    (console, rotated) =>
                    {
                        console.WriteLine(
                            $"Key {rotated.Keys[0]} signs from now on; still good: {string.Join(", ", rotated.Keys.Skip(1))}.");
                        if (rotated.Dropped.Length > 0)
                            console.WriteLine($"Dropped: {string.Join(", ", rotated.Dropped)}.");
                    });
                return Task.CompletedTask;
            });
    }

    private static Command BuildSecret(CommandBuilder builder)
    {
        Option<string> file = OptionKit.Required("--file", "File to make.", "FILE");
        return builder.Build(
            "secret", "Make a secret between gateways and shards (`shard --secret`, `serve --shard-secret`).", [file], (parsed, context) =>
            {
                string path = parsed.GetRequiredValue(file);
                ShardSecret.Create(path);
                context.Write(new NewSecret(path), (console, made) => console.WriteLine($"Wrote {made.File}, for its owner's eyes only."));
                return Task.CompletedTask;
            });
    }

    private static Option<string> File() => OptionKit.Required("--file", "File of the keys; made where it is not there.", "FILE");

    private sealed record NewKey(string Key);

    private sealed record KeyRow(string Id, string Roles, int? RequestsPerSecond, int? AtOnce, string Note);

    private sealed record KeyList(KeyRow[] Keys);

    private sealed record RevokedKey(string Id);

    /// <summary>Ids of the keys, the one that signs first, and of those that went.</summary>
    private sealed record Rotated(int[] Keys, int[] Dropped);

    private sealed record NewSecret(string File);
}
