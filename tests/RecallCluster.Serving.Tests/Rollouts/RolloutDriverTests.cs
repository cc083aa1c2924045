using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.State;

namespace RecallCluster.Serving.Tests.Rollouts;

/// <summary>The way from one version to the next, of something that does as it is told.</summary>
public sealed class RolloutDriverTests : IDisposable
{
    private static readonly ActorVersion First = Version(1), Second = Version(2);

    private readonly Target _target = new();
    private readonly ManualClock _clock = new(ManualClock.Morning);
    private readonly RolloutDriver<ActorVersion, ActorLimits> _driver;
    private RolloutState<ActorVersion, ActorLimits> _state = new() { Current = Second, Previous = First, Published = 2 };

    public RolloutDriverTests() => _driver = new RolloutDriver<ActorVersion, ActorLimits>(
        _target, () => _state, next => Task.FromResult((_state = next) == next), _clock);

    public void Dispose() => _driver.Dispose();

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_version_that_is_refused_costs_what_can_be_gone_back_to_only_where_it_needs_its_room(bool needsRoom)
    {
        _target.NeedsRoomOfPrevious = needsRoom;
        _target.Verdict = new RolloutVerdict("it is worse", false, null);

        await _driver.PublishAsync(Version, new ActorLimits());
        await _driver.StepAsync();

        Assert.Equal((RolloutOutcome.Refused, "it is worse"), (_state.Last!.Outcome, _state.Last.Reason));
        Assert.Equal((Second, needsRoom ? null : First), (_state.Current, _state.Previous));
        Assert.Equal(needsRoom ? ["1", "3"] : ["3"], _target.Dropped);
    }

    [Fact]
    public async Task What_a_version_waits_for_is_said_and_is_why_it_is_refused_in_the_end()
    {
        _target.Verdict = new RolloutVerdict(null, false, null) { Waits = "campaign 7 has not got it" };

        await _driver.PublishAsync(Version, new ActorLimits { Patience = TimeSpan.FromHours(1) });
        await _driver.StepAsync();
        Assert.Equal("campaign 7 has not got it", _driver.View.UnderWay!.Waits);
        _clock.Advance(TimeSpan.FromHours(2));
        await _driver.StepAsync();

        Assert.Equal("it took too long: campaign 7 has not got it", _state.Last!.Reason);
    }

    [Fact]
    public void Limits_that_make_no_sense_are_refused_where_they_are_configured()
    {
        var actors = new ActorLimits { LeastScore = -1 };
        var calibrators = new CalibratorLimits { MostLogLoss = double.NaN };

        Assert.Equal("shadow.leastScore", FieldOf(() => _ = new MachineFactory(new ServingStateOptions { ActorLimits = actors })));
        Assert.Equal("shadow.mostLogLoss", FieldOf(() => _ = new MachineFactory(new ServingStateOptions { CalibratorLimits = calibrators })));
        Assert.Equal("shadow.leastScore", FieldOf(new RolloutOptions { Actors = actors }.Check));
        Assert.Equal("shadow.mostLogLoss", FieldOf(new RolloutOptions { Calibrators = calibrators }.Check));

        static string FieldOf(Action check) => Assert.Throws<InvalidRequestException>(check).Field;
    }

    private static ActorVersion Version(int number) => new("some", $"{number}", new Dictionary<string, byte[]>());

    private sealed class Target : IRolloutTarget<ActorVersion, ActorLimits>
    {
        public bool NeedsRoomOfPrevious { get; set; }

        public RolloutVerdict Verdict { get; set; } = RolloutVerdict.Passed;

        public List<string> Dropped { get; } = [];

        public Task PrepareAsync(ActorVersion version) => Task.CompletedTask;

        public Task<RolloutVerdict> JudgeAsync(ActorVersion version, ActorLimits limits) => Task.FromResult(Verdict);

        public Task DropAsync(ActorVersion version)
        {
            Dropped.Add(version.Name);
            return Task.CompletedTask;
        }

        public TimeSpan PatienceOf(ActorLimits limits) => limits.Patience;
    }
}
