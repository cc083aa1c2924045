namespace RecallCluster.Serving.Rollouts;

/// <summary>What came of comparing a version with the one in use.</summary>
/// <param name="Refusal">Why it must not be used; null where nothing speaks against it.</param>
/// <param name="IsDecided">Whether enough is known.</param>
/// <param name="Figures">What is known, by name; null for nothing.</param>
internal sealed record RolloutVerdict(string? Refusal, bool IsDecided, IReadOnlyDictionary<string, double>? Figures)
{
    /// <summary>What it waits for, where that is not more to judge by; null where it is.</summary>
    public string? Waits { get; init; }

    /// <summary>Nothing speaks against it.</summary>
    public static RolloutVerdict Passed { get; } = new(null, true, null);
}

/// <summary>What is rolled out, as <see cref="RolloutDriver{TVersion, TLimits}"/> needs it. Every call may be repeated.</summary>
internal interface IRolloutTarget<TVersion, TLimits>
{
    /// <summary>
    /// Whether a version can be loaded only where the one before that in use makes room. Then that is given up as soon as another is on
    /// its way; else it can be gone back to until another one is in use, and is forgotten then: nothing has to be given up of it.
    /// </summary>
    bool NeedsRoomOfPrevious => true;

    /// <summary>Loads a version beside the one in use and verifies it, wherever it will be needed.</summary>
    /// <exception cref="InvalidDataException">It must not be used; the message says why. Any other exception: not now.</exception>
    Task PrepareAsync(TVersion version);

    /// <summary>Judges a version that is loaded, by what is known until now.</summary>
    /// <exception cref="InvalidDataException">It must not be used. Any other exception: not now.</exception>
    Task<RolloutVerdict> JudgeAsync(TVersion version, TLimits limits);

    /// <summary>
    /// A version is in use from now on. That is kept already: whoever uses it and cannot be told now must see for himself later.
    /// </summary>
    /// <exception cref="Exception">Not now.</exception>
    Task UseAsync(TVersion version) => Task.CompletedTask;

    /// <summary>Gives up a version.</summary>
    /// <exception cref="Exception">Not now.</exception>
    Task DropAsync(TVersion version);

    /// <summary>How long each phase may take.</summary>
    TimeSpan PatienceOf(TLimits limits);
}

/// <summary>
/// Takes versions from being published to being used, a step at a time. All that it knows between two steps is the state that is kept, so
/// whoever goes on with that state goes on with the roll-out. Used by one thread at a time, as the turns of a grain are; calls may
/// interleave.
/// </summary>
/// <typeparam name="TVersion">What is rolled out.</typeparam>
/// <typeparam name="TLimits">What it must show.</typeparam>
/// <param name="target">What is rolled out.</param>
/// <param name="read">The state.</param>
/// <param name="tell">Keeps a state; false where it does not follow (<see cref="RolloutState{TVersion, TLimits}.Follows"/>).</param>
/// <param name="time">The clock of patience.</param>
internal sealed class RolloutDriver<TVersion, TLimits>(
    IRolloutTarget<TVersion, TLimits> target, Func<RolloutState<TVersion, TLimits>> read,
    Func<RolloutState<TVersion, TLimits>, Task<bool>> tell, TimeProvider time) : IDisposable
    where TVersion : class, IRolledVersion
    where TLimits : class
{
    private readonly SemaphoreSlim _changing = new(1, 1);
    private Task _step = Task.CompletedTask;
    private IReadOnlyDictionary<string, double>? _figures;
    private string? _waits;

    /// <summary>How it stands.</summary>
    public RolloutView View => read().View(_figures, _waits);

    /// <summary>Begins with a version.</summary>
    /// <param name="make">Makes it, with the number that its name carries.</param>
    /// <param name="limits">What it must show.</param>
    /// <exception cref="InvalidOperationException">Another one is on its way.</exception>
    public async Task<TVersion> PublishAsync(Func<int, TVersion> make, TLimits limits)
    {
        TVersion? version = null;
        if (!await ChangeAsync(state => state.Begin(version = make(state.Published + 1), limits, time.GetUtcNow())).ConfigureAwait(true))
        {
            throw new InvalidOperationException(
                $"Version {read().Candidate?.Version.Rolled.Version} is on its way; wait for it or roll it back.");
        }
        (_figures, _waits) = (null, null);
        return version!;
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    /// <summary>Goes on as far as it can now; a step that is being made is waited for.</summary>
    public Task StepAsync() => _step.IsCompleted ? _step = OnceAsync() : _step;

    /// <summary>Abandons the version on its way; where none is, goes back to the one before.</summary>
    /// <exception cref="InvalidOperationException">There is none to go back to, or something else has happened meanwhile.</exception>
    /// <exception cref="InvalidDataException">It cannot be used any more.</exception>
    public async Task RollBackAsync()
    {
        RolloutState<TVersion, TLimits> state = read();
        if (state.Candidate is { Version: var candidate })
        {
            if (await EndAsync(candidate, RolloutOutcome.Abandoned, "it was abandoned on demand", _figures).ConfigureAwait(true))
                await DropAsync(candidate).ConfigureAwait(true);
            return;
        }
        TVersion previous = state.Previous ?? throw new InvalidOperationException("There is no version to go back to.");
        await target.PrepareAsync(previous).ConfigureAwait(true);
        if (!await ChangeAsync(now => now.GoBack(previous, time.GetUtcNow())).ConfigureAwait(true))
            throw new InvalidOperationException("Another version was published meanwhile.");
        await TryAsync(() => target.UseAsync(previous)).ConfigureAwait(true);
    }

    /// <summary>Gives up the version before the one in use.</summary>
    public async Task DropPreviousAsync()
    {
        if (read().Previous is not { } previous)
            return;
        // Given up only when it is gone: if this is interrupted here, it can be loaded again, or given up once more.
        await target.DropAsync(previous).ConfigureAwait(true);
        await ChangeAsync(state => state.Forget(previous)).ConfigureAwait(true);
    }

    private async Task OnceAsync()
    {
        if (read().Candidate is not { } candidate)
            return;
        TVersion version = candidate.Version;
        try
        {
            if (candidate.Phase == RolloutPhase.Loading)
            {
                // Its memory is the new one's.
                if (target.NeedsRoomOfPrevious)
                    await DropPreviousAsync().ConfigureAwait(true);
                await target.PrepareAsync(version).ConfigureAwait(true);
                if (read().Current is null)
                {
                    await SwitchAsync(version, null).ConfigureAwait(true);
                    return;
                }
                if (!await ChangeAsync(state => state.Compare(version, time.GetUtcNow())).ConfigureAwait(true))
                {
                    await DropAsync(version).ConfigureAwait(true);
                    return;
                }
            }
            RolloutVerdict verdict = await target.JudgeAsync(version, candidate.Limits).ConfigureAwait(true);
            (_figures, _waits) = (verdict.Figures, verdict.Waits);
            if (verdict.Refusal is { } refusal)
                await RefuseAsync(version, refusal).ConfigureAwait(true);
            else if (verdict.IsDecided)
                await SwitchAsync(version, verdict.Figures).ConfigureAwait(true);
            else
                await ExpireAsync(verdict.Waits ?? "too little came to judge it by").ConfigureAwait(true);
        }
        catch (InvalidDataException e)
        {
            await RefuseAsync(version, e.Message).ConfigureAwait(true);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _waits = e.Message;
            await ExpireAsync(e.Message).ConfigureAwait(true);
        }
    }

    private async Task ExpireAsync(string waits)
    {
        if (read().Candidate is { } candidate && time.GetUtcNow() - candidate.Since > target.PatienceOf(candidate.Limits))
            await RefuseAsync(candidate.Version, $"it took too long: {waits}").ConfigureAwait(true);
    }

    private async Task RefuseAsync(TVersion version, string reason)
    {
        if (await EndAsync(version, RolloutOutcome.Refused, reason, _figures).ConfigureAwait(true))
            await DropAsync(version).ConfigureAwait(true);
    }

    private Task<bool> EndAsync(
        TVersion version, RolloutOutcome outcome, string reason, IReadOnlyDictionary<string, double>? figures) =>
        ChangeAsync(state => state.End(version, outcome, reason, figures, time.GetUtcNow()));

    /// <summary>Makes a step, one at a time, from the state as it is then; false where it does not apply.</summary>
    private async Task<bool> ChangeAsync(Func<RolloutState<TVersion, TLimits>, RolloutState<TVersion, TLimits>?> step)
    {
        await _changing.WaitAsync().ConfigureAwait(true);
        try
        {
            while (read() is var state && step(state) is { } changed)
            {
                if (await tell(changed with { Revision = state.Revision + 1 }).ConfigureAwait(true))
                    return true;
            }
            return false;
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task SwitchAsync(TVersion version, IReadOnlyDictionary<string, double>? figures)
    {
        if (await ChangeAsync(state => state.Switch(version, figures, time.GetUtcNow())).ConfigureAwait(true))
            await TryAsync(() => target.UseAsync(version)).ConfigureAwait(true);
    }

    private Task DropAsync(TVersion version) => TryAsync(() => target.DropAsync(version));

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(true);
        }
        // Nobody is asked for it; whoever uses or holds a version is told again what is wanted.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _waits = e.Message;
        }
    }
}
