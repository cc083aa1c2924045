using System.CommandLine;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Commands;

/// <summary>All commands, in the order in which a newcomer meets them.</summary>
internal static class CommandTree
{
    public static IEnumerable<Command> Build(CommandBuilder builder) =>
    [
        DemoCommand.Build(builder),
        CommandBuilder.Group("data", "Make a data-set directory.", DataSynthCommand.Build(builder), DataImportCommands.Build(builder)),
        TrainCommand.Build(builder),
        IndexCommands.Build(builder),
        TuneCommand.Build(builder),
        EvalCommands.Build(builder),
        ServeCommand.Build(builder),
        RetrainCommand.Build(builder),
        TopCommand.Build(builder),
        KeysCommands.Build(builder),
        ShardCommand.Build(builder),
        SiloCommand.Build(builder),
        ClusterCommands.Build(builder),
        CalibrateCommands.Build(builder),
        BidCommands.Build(builder),
        CommandBuilder.Group(
            "bench",
            "Measure, beside a peer where there is one.",
            BenchAnnCommand.Build(builder),
            BenchScoreCommand.Build(builder),
            BenchRetrievalCommand.Build(builder),
            BenchCalibrateCommand.Build(builder),
            BenchAuctionCommand.Build(builder),
            BenchBidCommand.Build(builder),
            BenchServeCommand.Build(builder),
            BenchClusterCommand.Build(builder)),
        DoctorCommand.Build(builder),
        FuzzCommand.Build(builder),
        TestCommand.Build(builder),
    ];
}
