using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.Experiments;

public class ExperimentListTests
{
    private static readonly DateTimeOffset Now = new(2030, 3, 4, 10, 0, 0, TimeSpan.Zero);

    private readonly ExperimentList _list = new();
    private long _sequence;

    [Fact]
    public void A_clash_within_a_layer_is_refused_naming_the_other_experiment()
    {
        Put(Trial.Settings(1) with { Share = 0.5 });
        Put(Trial.Settings(2) with { FirstBucket = 5_000, Share = 0.25 });

        var clash = Assert.IsType<InvalidRequestException>(Tell(new PutExperiment(Now, 3, Trial.Settings(3) with { FirstBucket = 7_499,
            Share = 0.1 })));
        Assert.Equal("firstBucket", clash.Field);
        Assert.Contains("experiment 2 (experiment 2)", clash.Reason, StringComparison.Ordinal);

        Put(Trial.Settings(3) with { FirstBucket = 7_500, Share = 0.25 });
        // A larger share of one that runs must not reach into its neighbour either.
        Assert.IsType<InvalidRequestException>(Tell(new PutExperiment(Now, 1, Trial.Settings(1) with { Share = 0.6 })));
        // What was stopped is in nobody's way.
        Tell(new StopExperiment(Now, 2));
        Put(Trial.Settings(1) with { Share = 0.6 });
    }

    [Fact]
    public void Two_layers_do_not_set_the_same()
    {
        Put(Trial.Settings(1, new Treatment { MaxScorings = 10 }));

        var refused = Assert.IsType<InvalidRequestException>(Tell(new PutExperiment(Now, 2,
            Trial.Settings(2, new Treatment { MaxScorings = 20, SkipRanker = true }) with { Layer = "other" })));

        Assert.Equal("arms", refused.Field);
        Assert.Contains("maxScorings", refused.Reason, StringComparison.Ordinal);
        Put(Trial.Settings(2, new Treatment { SkipRanker = true }) with { Layer = "other" });
    }

    [Fact]
    public void There_are_only_so_many_layers_at_once()
    {
        for (int i = 1; i <= ExperimentChecks.MostLayers; i++)
            Put(Controls(i));

        var refused = Assert.IsType<InvalidRequestException>(Tell(new PutExperiment(Now, 99, Controls(99))));
        Assert.Equal("layer", refused.Field);
    }

    [Fact]
    public void While_it_runs_only_name_and_share_change_and_versions_tell_who_came_first()
    {
        Put(Trial.Settings(1) with { Share = 0.1 });
        ExperimentDefinition changed = Put(Trial.Settings(1) with { Share = 0.2, Name = "wider" });

        Assert.Equal((2L, "wider"), (changed.Version, changed.Settings.Name));
        Assert.Equal("arms", Refused(Trial.Settings(1, new Treatment { Candidates = 8 })).Field);
        Assert.Equal("salt", Refused(Trial.Settings(1) with { Salt = "x" }).Field);
        Assert.Equal("layer", Refused(Trial.Settings(1) with { Layer = "x" }).Field);
        Assert.Equal("firstBucket", Refused(Trial.Settings(1) with { FirstBucket = 4, Share = 0.1 }).Field);
        Assert.Equal(2, Assert.IsType<VersionConflictException>(Tell(new PutExperiment(Now, 1, changed.Settings) { IfVersion = 1 })).Actual);
        Assert.Equal(2, Assert.IsType<VersionConflictException>(Tell(new DeleteExperiment(Now, 1) { IfVersion = 0 })).Actual);
        Assert.Equal(0, Assert.IsType<VersionConflictException>(Tell(new StopExperiment(Now, 7) { IfVersion = 1 })).Actual);
        Assert.Same(changed, _list.Find(1));
    }

    [Fact]
    public void A_stopped_experiment_stays_and_the_id_of_a_deleted_one_is_never_used_again()
    {
        Put(Trial.Settings(1));
        var stopped = Assert.IsType<ExperimentDefinition>(Tell(new StopExperiment(Now.AddHours(1), 1)));
        Assert.Equal((2L, Now.AddHours(1)), (stopped.Version, stopped.StoppedAt));
        Assert.Same(stopped, Tell(new StopExperiment(Now.AddHours(2), 1)));
        Assert.Equal("id", Refused(Trial.Settings(1)).Field);

        Assert.Null(Tell(new StopExperiment(Now, 2)));
        Assert.Null(Tell(new DeleteExperiment(Now, 2)));
        Assert.NotNull(Tell(new DeleteExperiment(Now, 1)));
        Assert.Empty(_list.All);
        var again = new ExperimentList();
        again.Restore(_list.Snapshot());
        Assert.IsType<InvalidRequestException>(again.Apply(Record(new PutExperiment(Now, 1, Trial.Settings(1)))).Answer);
    }

    [Fact]
    public void A_snapshot_holds_all_of_it()
    {
        ExperimentSettings settings = Trial.Settings(1, new Treatment { MaxScorings = 3, Candidates = 4, SkipRanker = true })
            with { Salt = "s", FirstBucket = 77, Share = 0.3 };
        Put(settings);
        Put(Controls(2));
        Tell(new StopExperiment(Now, 2));
        Assert.Throws<InvalidDataException>(() => Tell(new ReportExposures(Now, 1, 1, 1, 1, [])));

        var again = new ExperimentList();
        again.Restore(_list.Snapshot());

        Assert.Equal(_list.Snapshot(), again.Snapshot());
        Assert.Equal(settings.Arms, again.Find(1)!.Settings.Arms);
        Assert.Equal(settings with { Arms = [] }, again.Find(1)!.Settings with { Arms = [] });
        Assert.Equal(Now, again.Find(2)!.StoppedAt);
    }

    [Fact]
    public void Every_setting_that_makes_no_sense_is_named()
    {
        ExperimentSettings good = Trial.Settings(1);
        (string Field, ExperimentSettings Settings)[] bad =
        [
            ("id", good with { Id = 0 }),
            ("name", good with { Name = "" }),
            ("layer", good with { Layer = new string('x', 300) }),
            ("firstBucket", good with { FirstBucket = 10_000 }),
            ("share", good with { Share = 0 }),
            ("share", good with { Share = double.NaN }),
            ("share", good with { Share = 1e-6 }),
            ("share", good with { FirstBucket = 1, Share = 1 }),
            ("arms", good with { Arms = [good.Arms[0]] }),
            ("arms", good with { Arms = [.. Enumerable.Range(0, 9).Select(i => new ExperimentArm($"{i}", 1))] }),
            ("arms", good with { Arms = [good.Arms[1], good.Arms[1] with { Name = "third" }] }),
            ("arms[1].name", good with { Arms = [good.Arms[0], good.Arms[1] with { Name = good.Arms[0].Name }] }),
            ("arms[0].weight", good with { Arms = [good.Arms[0] with { Weight = 0 }, good.Arms[1]] }),
            ("arms[1].weight", good with { Arms = [good.Arms[0] with { Weight = 1e6 }, good.Arms[1] with { Weight = 5e-324 }] }),
            ("arms[0].weight", good with { Arms = [good.Arms[0] with { Weight = 0.9 }, good.Arms[1] with { Weight = 9e3 }] }),
            ("arms[1].treatment", Trial.Settings(1, new Treatment())),
            ("arms[1].treatment.maxScorings", Trial.Settings(1, new Treatment { MaxScorings = 0 })),
            ("arms[1].treatment.candidates", Trial.Settings(1, new Treatment { Candidates = 20_000 })),
        ];
        ExperimentChecks.Check(good);
        Assert.All(bad, one => Assert.Equal(
            one.Field, Assert.Throws<InvalidRequestException>(() => ExperimentChecks.Check(one.Settings)).Field));
    }

    [Fact]
    public void What_was_within_the_limits_of_its_day_is_still_read_and_what_is_broken_is_not()
    {
        ExperimentSettings good = Trial.Settings(1);
        ExperimentSettings old = good with { Arms = [good.Arms[0] with { Weight = 1e6 }, good.Arms[1] with { Weight = 5e-324 }] };
        Assert.Throws<InvalidRequestException>(() => ExperimentChecks.Check(old));

        Put(old);
        var again = new ExperimentList();
        again.Restore(_list.Snapshot());

        Assert.Equal(old.Arms, again.Find(1)!.Settings.Arms);
        ExperimentSettings[] broken =
        [
            good with { Id = 0 }, good with { Arms = [] }, good with { Arms = [good.Arms[1]] }, good with { Share = 2 },
            good with { FirstBucket = -1 }, good with { Layer = null! }, good with { Arms = [good.Arms[0], null!] },
            good with { Arms = [good.Arms[0] with { Weight = -1 }] },
        ];
        Assert.All(broken, settings => Assert.Throws<InvalidDataException>(() => ExperimentChecks.CheckStructure(settings)));
        byte[] snapshot = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new ExperimentListState([new ExperimentDefinition(broken[2], 1, Now)], []), ServingJson.Default.ExperimentListState);
        Assert.Throws<InvalidDataException>(() => new ExperimentList().Restore(snapshot));
    }

    private static ExperimentSettings Controls(long id) =>
        Trial.Settings(id) with { Layer = $"layer {id}", Arms = [new ExperimentArm("a", 1), new ExperimentArm("b", 1)] };

    private InvalidRequestException Refused(ExperimentSettings settings) =>
        Assert.IsType<InvalidRequestException>(Tell(new PutExperiment(Now, settings.Id, settings)));

    private ExperimentDefinition Put(ExperimentSettings settings) =>
        Assert.IsType<ExperimentDefinition>(Tell(new PutExperiment(Now, settings.Id, settings)));

    private object? Tell(ExperimentCommand command) => _list.Apply(Record(command)).Answer;

    private JournalRecord Record(ExperimentCommand command) => new(++_sequence, ExperimentList.Key, [], command.Write());
}
