using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Data;
using RecallCluster.Data.Importers;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall data import</c>: from a public format to a data-set directory.</summary>
internal static class DataImportCommands
{
    public static Command Build(CommandBuilder builder) => CommandBuilder.Group(
        "import",
        "Import a public format into a data-set directory.",
        Import(
            builder, "taobao", "Taobao display-ad clicks: a folder of u.item, u.user, train.txt, test.txt.", [],
            static (_, from, seed) => TaobaoImporter.Import(from, seed)),
        Import(
            builder, "amazon", "Amazon review sequences: a file of `user item item ...` lines, or its folder.", [],
            static (_, from, _) => AmazonImporter.Import(from)),
        MovieLens(builder),
        Csv(builder));

    private static Command MovieLens(CommandBuilder builder)
    {
        Option<double> minRating = OptionKit.Real("--min-rating", "Lowest rating that counts as a positive event.", 4, 0.5, 5);
        return Import(
            builder,
            "movielens",
            "MovieLens CSVs: a folder of movies.csv and ratings.csv.",
            [minRating],
            (parsed, from, _) => MovieLensImporter.Import(from, parsed.GetValue(minRating)));
    }

    private static Command Csv(CommandBuilder builder)
    {
        Option<string?> items = OptionKit.Optional(
            "--items", "CSV of ads: the item column, and a categorical field for each other column.", "FILE");
        Option<string?> users = OptionKit.Optional(
            "--users", "CSV of users: the user column, and a categorical field for each other column.", "FILE");
        Option<string?> name = OptionKit.Optional("--name", "Name of the data set; the file's name unless given.", "NAME");
        Option<string> split = OptionKit.Choice(
            "--split", "How to hold out events: each user's last two, the newest of all, or by chance.", "leave-last-out", "time",
            "random");
        Option<double> validation = OptionKit.Real("--validation-share", "Share of events for validation (time, random).", 0.1, 0, 0.99);
        Option<double> test = OptionKit.Real("--test-share", "Share of events for test (time, random).", 0.1, 0, 0.99);
        Option<string> userColumn = Column("user"), itemColumn = Column("item"), timeColumn = Column("time"), kindColumn = Column("kind");
        return Import(
            builder,
            "csv",
            "Any CSV with a header: user, item, optionally time and kind (click, conversion).",
            [items, users, name, split, validation, test, userColumn, itemColumn, timeColumn, kindColumn],
            (parsed, from, seed) => CsvImporter.Import(from, new CsvImportOptions
            {
                ItemsPath = parsed.GetValue(items),
                UsersPath = parsed.GetValue(users),
                Name = parsed.GetValue(name),
                UserColumn = parsed.GetValue(userColumn)!,
                ItemColumn = parsed.GetValue(itemColumn)!,
                TimeColumn = parsed.GetValue(timeColumn)!,
                KindColumn = parsed.GetValue(kindColumn)!,
                Split = parsed.GetValue(split) switch { "time" => CsvSplit.Time, "random" => CsvSplit.Random, _ => CsvSplit.LeaveLastOut },
                ValidationShare = parsed.GetValue(validation),
                TestShare = parsed.GetValue(test),
                Seed = seed,
            }));

        static Option<string> Column(string what) =>
            new($"--{what}-column") { Description = $"Header of the {what} column.", DefaultValueFactory = _ => what, HelpName = "NAME" };
    }

    private static Command Import(
        CommandBuilder builder, string name, string description, Symbol[] further, Func<ParseResult, string, ulong, Dataset> import)
    {
        Option<string> from = OptionKit.Required("--from", "What to import.", "PATH");
        Option<string> to = OptionKit.Required("--out", "Data-set directory to make.", "DIR");
        Option<bool> overwrite = OptionKit.Switch("--overwrite", "Replace a data set that stands there.");
        return builder.Build(name, description, [from, to, overwrite, .. further], async (parsed, context) =>
        {
            string directory = parsed.GetRequiredValue(to);
            Dataset dataset = await context.Progress.RunAsync(stages =>
            {
                Dataset read;
                using (stages.Begin("Read and check"))
                    read = import(parsed, parsed.GetRequiredValue(from), context.Seed);
                using (stages.Begin("Write the data set"))
                    DatasetDirectory.Write(read, directory, parsed.GetValue(overwrite));
                return Task.FromResult(read);
            }).ConfigureAwait(false);
            context.Write(DatasetSummary.Of(dataset, directory), DatasetDrawing.Draw);
        });
    }
}
