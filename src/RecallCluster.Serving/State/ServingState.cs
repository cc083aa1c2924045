using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.State;

/// <summary>Where durable state lives and how it is run.</summary>
public sealed record ServingStateOptions
{
    /// <summary>The journal.</summary>
    public JournalOptions Journal { get; init; } = new();

    /// <summary>Campaigns.</summary>
    public CampaignOptions Campaigns { get; init; } = new();

    /// <summary>Calibration.</summary>
    public CalibrationOptions Calibration { get; init; } = new();

    /// <summary>Users.</summary>
    public UserStoreOptions Users { get; init; } = new();

    /// <summary>Folder of trained controllers to use in place of those that are shipped; null for those alone.</summary>
    public string? Actors { get; init; }

    /// <summary>What new versions of actors must show, where whoever publishes them does not say otherwise.</summary>
    public ActorLimits ActorLimits { get; init; } = new();

    /// <summary>What new versions of the calibrator must show, where whoever publishes them does not say otherwise.</summary>
    public CalibratorLimits CalibratorLimits { get; init; } = new();
}

/// <summary>
/// All durable state of a front door, over one journal: campaigns, feedback, users, calibration, experiments. <see cref="OpenAsync"/>
/// brings it back as it was, then time runs: campaigns tick and calibration is fitted by the business clock until it is disposed of.
/// </summary>
public sealed class ServingState : IAsyncDisposable
{
    private const string ClockWork = "clock", ActorsWork = "actors", PublicationWork = "publication", JournalWork = "journal",
        ProbeName = "probe";
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    private readonly SqliteJournal _journal;
    private readonly SteadyClock _clock;
    private readonly JournalActors _actors;
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeSpan _period;
    private Task _running = Task.CompletedTask;

    private ServingState(SqliteJournal journal, SteadyClock clock, CampaignDirectory directory, CalibratorVersions calibrators,
        UserMemories users, RolloutPlan<ActorVersion, ActorLimits> actors, ExperimentFamily experiments, ServingStateOptions options)
    {
        (_journal, _clock, _period) = (journal, clock, options.Campaigns.TickCheck);
        (Directory, Calibrators, Users, ExperimentMachines) = (directory, calibrators, users, experiments);
        ExperimentStore = new JournalExperiments(experiments, journal);
        Experiments = new ExperimentRunner(ExperimentStore, clock);
        var commands = new CampaignCommands(new JournalCampaigns(journal), clock, directory.Factory);
        Campaigns = new CampaignRunner(directory, journal, clock, commands);
        Feedback = new FeedbackIntake(new JournalDelivery(directory, commands, journal), clock);
        _actors = new JournalActors(actors, journal, directory, options.ActorLimits, clock);
        directory.PublicationEnded = failure => Background.Report(PublicationWork, failure);
    }

    /// <summary>The business clock as the books need it: it never goes back, not even behind what an earlier life has written.</summary>
    public SteadyClock Clock => _clock;

    /// <summary>The life of this process, for leases.</summary>
    public long Epoch => _journal.Epoch;

    /// <summary>The journal.</summary>
    public IJournal Journal => _journal;

    /// <summary>The campaigns, to run them.</summary>
    public CampaignRunner Campaigns { get; }

    /// <summary>What of the campaigns is published: bid books, numbers, settings.</summary>
    public CampaignDirectory Directory { get; }

    /// <summary>Calibration.</summary>
    public LiveCalibrator Calibrator => Calibrators.Calibrator;

    /// <summary>The versions of the calibrator.</summary>
    public CalibratorVersions Calibrators { get; }

    /// <summary>The versions of what trained bid controllers learned.</summary>
    public IActorVersions Actors => _actors;

    /// <summary>The user store.</summary>
    public UserMemories Users { get; }

    /// <summary>Feedback.</summary>
    public FeedbackIntake Feedback { get; }

    /// <summary>The experiments.</summary>
    public IExperiments Experiments { get; }

    /// <summary>The experiments' machines; read on the journal's writer.</summary>
    internal ExperimentFamily ExperimentMachines { get; }

    /// <summary>Takes commands to them.</summary>
    internal JournalExperiments ExperimentStore { get; }

    /// <summary>What became of background work: the clock's, and that of whoever runs over this state.</summary>
    public BackgroundHealth Background { get; } = new();

    /// <summary>Opens the state; makes it where the file is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">The business clock.</param>
    /// <param name="options">Settings.</param>
    /// <param name="addMachines">Adds further machines to the journal, such as the catalogue's.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process is using it.</exception>
    /// <exception cref="InvalidDataException">It is damaged or of a later version; the message says which.</exception>
    public static async Task<ServingState> OpenAsync(
        string path, TimeProvider clock, ServingStateOptions? options = null, Action<StateMachines>? addMachines = null,
            CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(clock);
        options ??= new ServingStateOptions();
        var machines = new StateMachines();
        var factory = new MachineFactory(options);
        var directory = new CampaignDirectory(machines, factory);
        var users = new UserMemories(machines, factory);
        var counts = new CalibrationCountsFamily(machines, factory);
        var experiments = new ExperimentFamily(machines);
        var plan = MachineFactory.CalibratorPlan();
        machines.Add(CalibratorVersions.Key, plan);
        RolloutPlan<ActorVersion, ActorLimits> actors = factory.Actors();
        machines.Add(actors.Key, actors);
        addMachines?.Invoke(machines);
        SqliteJournal journal = await Task.Run(() => SqliteJournal.Open(path, machines, options.Journal),
            cancellation).ConfigureAwait(false);
        var steady = new SteadyClock(clock);
        var calibrators = new CalibratorVersions(plan, journal, new JournalCounts(counts, journal), directory, options, steady);
        var state = new ServingState(journal, steady, directory, calibrators, users, actors, experiments, options);
        try
        {
            steady.Reach(await journal.ReadAsync(() => directory.LatestTime, cancellation).ConfigureAwait(false));
            users.Attach(journal);
            await directory.AttachAsync(journal, cancellation).ConfigureAwait(false);
            await calibrators.Calibrator.RefitAsync(steady.GetUtcNow(), cancellation).ConfigureAwait(false);
            return state;
        }
        catch
        {
            // The file would stay locked until the process ends.
            await state.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Lets the business clock run: ticks and fits from now on. Without it, <see cref="PassAsync"/> does one round.</summary>
    public void Run() => _running = Task.WhenAll(
        Task.Run(() => RepeatAsync(ClockWork, TickAsync)),
        // Trying a version replays auctions of many campaigns, which no tick waits for.
        Task.Run(() => RepeatAsync(ActorsWork, _ => _actors.StepAsync())),
        Task.Run(WatchAsync));

    /// <summary>
    /// Looks whether the journal takes commands, and tells <see cref="Background"/>. One that could not write is asked to write a little:
    /// where nothing else is told to it, as behind a balancer that has turned away, nobody would see that it can again.
    /// </summary>
    public async Task WatchJournalAsync(CancellationToken cancellation = default)
    {
        if (_journal.Status.Condition == JournalCondition.Failing)
        {
            try
            {
                await _journal.SetMetaAsync(ProbeName, _clock.GetUtcNow().ToString("O"), cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                Background.Failed(JournalWork, e);
                return;
            }
        }
        if (_journal.Status.Trouble is { } trouble)
            Background.Failed(JournalWork, trouble);
        else
            Background.Succeeded(JournalWork);
    }

    /// <summary>
    /// One round of the clock's work: due ticks, then calibration and roll-outs, which a campaign's trouble does not hold up.
    /// </summary>
    public async Task PassAsync(CancellationToken cancellation = default)
    {
        try
        {
            await TickAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            await _actors.StepAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Stops the clock's work, carries out what waits, closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await _journal.DisposeAsync().ConfigureAwait(false);
        Calibrators.Dispose();
        _actors.Dispose();
        _stop.Dispose();
    }

    private async Task TickAsync(CancellationToken cancellation)
    {
        try
        {
            await Campaigns.TickAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            await Calibrators.RunAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task RepeatAsync(string work, Func<CancellationToken, Task> round)
    {
        using var timer = new PeriodicTimer(_period, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
                await TryAsync(work, round).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task WatchAsync()
    {
        // By real time: a disk has nothing to do with the business clock.
        using var timer = new PeriodicTimer(WatchPeriod);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
                await WatchJournalAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
    }

    // A full disk now, or one campaign's trouble, is no reason to stop the clock for good.
    private async Task TryAsync(string work, Func<CancellationToken, Task> round)
    {
        try
        {
            await round(_stop.Token).ConfigureAwait(false);
            Background.Succeeded(work);
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            Background.Failed(work, e);
        }
    }
}
