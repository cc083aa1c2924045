using System.Text;
using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Testing;

namespace RecallCluster.Grains.Tests.Machines;

/// <summary>Commands and snapshots of the machines that only the cluster has, against tests/golden/formats.</summary>
public sealed class MachineFormTests
{
    private static readonly GoldenForms Golden = GoldenForms.Read("machines.txt");

    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly IndexVersion Version =
        new("f00d.2", "/m", "/i", 4, 1 << 20) { Title = "second", Files = ["a", "b", "c", "d"], Ads = 1000 };

    /// <summary>By machine, what makes it and what it is told.</summary>
    private static readonly Dictionary<string, (Func<IStateMachine> Make, byte[][] Commands)> Machines = new()
    {
        ["book/0"] = (() => new NameList("book/0"), [Text("17"), Text("4"), Text("17")]),
        ["catalogue/0"] = (() => new OrderedCatalogue(),
        [
            CatalogueEdits.Write(new CatalogueEdit("ad1", new AdLine
            {
                Id = "ad1", Campaign = 7, Categories = ["IAB2"], Kind = CreativeKind.Video, Media = "https://m.example/1.mp4",
                MediaType = "video/mp4", DurationMs = 15_000, LandingPage = "https://l.example/",
            })),
            CatalogueEdits.Write(new CatalogueEdit("ad1", null)),
        ]),
        ["index/main"] = (() => new IndexPlan("index/main"),
        [
            Plan(new PlanCommand { Replicas = 2, Place = "1/0", Silo = "S127.0.0.1:11111:7" }),
            Plan(new PlanCommand
            {
                Rollout = new()
                {
                    Revision = 1,
                    Published = 3,
                    Current = Version,
                    Previous = Version with { Name = "f00d.1" },
                    Candidate = new(Version with { Name = "f00d.3" }, new ShadowLimits(), RolloutPhase.Loading, At),
                    Last = new(new RolledVersion("second", "f00d.2"), RolloutOutcome.Switched, At),
                },
            }),
        ]),
    };

    public static TheoryData<string> Keys => [.. Machines.Keys];

    [Fact]
    public void There_is_nothing_else() => Assert.Equal(
        Machines.SelectMany(machine => machine.Value.Commands.Select((_, i) => $"{machine.Key}:{i}").Append(machine.Key)).Order(),
        Golden.Names.Order());

    [Theory]
    [MemberData(nameof(Keys))]
    public void Commands_and_snapshots_are_written_as_they_were_and_what_was_written_is_read(string key)
    {
        (Func<IStateMachine> make, byte[][] commands) = Machines[key];
        byte[] snapshot = Golden.Today(
            key, Told(key, [.. commands.Select((command, i) => Golden.Today($"{key}:{i}", command))]).Snapshot());

        Assert.Equal(snapshot, Restored(make, snapshot));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void What_programs_before_wrote_is_read(string key)
    {
        (Func<IStateMachine> make, byte[][] commands) = Machines[key];
        byte[] fresh = make().Snapshot();

        Assert.NotEqual(fresh, Told(key, [.. commands.Select((_, i) => Golden.Of($"{key}:{i}")[0])]).Snapshot());
        Assert.All(Golden.Of(key), snapshot => Assert.NotEqual(fresh, Restored(make, snapshot)));
    }

    private static IStateMachine Told(string key, byte[][] commands)
    {
        IStateMachine machine = Machines[key].Make();
        for (int i = 0; i < commands.Length; i++)
            machine.Apply(new JournalRecord(i + 1, key, [], commands[i]));
        return machine;
    }

    private static byte[] Restored(Func<IStateMachine> make, byte[] snapshot)
    {
        IStateMachine machine = make();
        machine.Restore(snapshot);
        return machine.Snapshot();
    }

    private static byte[] Text(string name) => Encoding.UTF8.GetBytes(name);

    private static byte[] Plan(PlanCommand command) => JsonSerializer.SerializeToUtf8Bytes(command, GrainsJson.Default.PlanCommand);
}
