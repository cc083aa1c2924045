using RecallCluster.Serving.Experiments;

namespace RecallCluster.Serving.Tests.Experiments;

public class ExperimentRunnerTests
{
    private readonly SomeStore _store = new();
    private readonly ExperimentRunner _runner;

    public ExperimentRunnerTests() => _runner = new ExperimentRunner(_store, TimeProvider.System);

    [Fact]
    public async Task One_that_cannot_be_read_now_is_listed_without_results_and_holds_up_no_other()
    {
        _store.Keep(1);
        _store.Keep(2);
        _store.Unreadable = 1;

        IReadOnlyList<ExperimentView> all = await _runner.ListAsync(default);

        Assert.Equal([(1L, false), (2L, true)], all.Select(view => (view.Settings.Id, view.Results is not null)));
        await Assert.ThrowsAsync<IOException>(() => _runner.FindAsync(1, default));
        // What was done is done.
        Assert.Null((await _runner.PutAsync(Trial.Settings(1), null, default)).Results);
    }

    [Fact]
    public async Task Only_so_many_are_kept_and_those_can_still_be_changed()
    {
        for (int id = 1; id <= ExperimentRunner.MostKept; id++)
            _store.Keep(id);

        var refused = await Assert.ThrowsAsync<InvalidRequestException>(() => _runner.PutAsync(Trial.Settings(1_000), null, default));
        Assert.Contains("delete old ones", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(1, (await _runner.PutAsync(Trial.Settings(1), null, default)).Settings.Id);
    }

    private sealed class SomeStore : IExperimentStore
    {
        private readonly SortedDictionary<long, ExperimentDefinition> _all = [];

        /// <summary>The experiment whose counts cannot be reached.</summary>
        public long Unreadable { get; set; }

        public void Keep(long id) => _all[id] = new ExperimentDefinition(Trial.Settings(id), 1, DateTimeOffset.UnixEpoch);

        public Task<ExperimentDefinition?> TellAsync(ExperimentCommand command, CancellationToken cancellation) =>
            Task.FromResult(_all.GetValueOrDefault(command.Experiment));

        public Task<IReadOnlyList<ExperimentDefinition>> ListAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<ExperimentDefinition>>([.. _all.Values]);

        public Task<ExperimentCounts> CountsAsync(long experiment, CancellationToken cancellation) => experiment == Unreadable
            ? Task.FromException<ExperimentCounts>(new IOException("no answer")) : Task.FromResult(new ExperimentCounts([]));
    }
}
