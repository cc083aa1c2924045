using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Data;
using RecallCluster.Simulation;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall data synth</c>.</summary>
internal static class DataSynthCommand
{
    public static Command Build(CommandBuilder builder)
    {
        SyntheticWorldOptions defaults = SyntheticWorldOptions.Demo;
        Option<string> to = OptionKit.Required("--out", "Data-set directory to make.", "DIR");
        Option<int> ads = OptionKit.Number("--items", "Number of ads.", defaults.Ads, 1_000, 10_000_000);
        Option<int> users = OptionKit.Number("--users", "Number of users.", defaults.Users, 1, 100_000_000);
        Option<int> clicks = OptionKit.Number("--clicks", "Mean number of clicks of a user.", defaults.ClicksPerUser, 6, 10_000);
        Option<double> noise = OptionKit.Real(
            "--noise", "Share of clicks that have nothing to do with the user.", defaults.NoiseShare, 0, 1);
        Option<bool> overwrite = OptionKit.Switch("--overwrite", "Replace a data set that stands there.");
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "synth",
            "Draw a synthetic world: ads, users and clicks from a known nonlinear preference.",
            [to, ads, users, clicks, noise, overwrite, threads],
            async (parsed, context) =>
            {
                string directory = parsed.GetRequiredValue(to);
                var options = defaults with
                {
                    Ads = parsed.GetValue(ads),
                    Users = parsed.GetValue(users),
                    ClicksPerUser = parsed.GetValue(clicks),
                    NoiseShare = parsed.GetValue(noise),
                    Seed = context.Seed,
                };
                Dataset dataset = await context.RunAsync(stages =>
                {
                    Dataset drawn = stages.Run(
                        "Draw the world", stage => new SyntheticWorld(options, parsed.GetValue(threads)).ToDataset(stage));
                    using (stages.Begin("Write the data set"))
                        DatasetDirectory.Write(drawn, directory, parsed.GetValue(overwrite));
                    return drawn;
                }).ConfigureAwait(false);
                context.Write(DatasetSummary.Of(dataset, directory), DatasetDrawing.Draw);
            });
    }
}
