using System.Diagnostics;
using System.Globalization;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>retrain</c> is asked.</summary>
internal sealed record RetrainOptions
{
    /// <summary>Data-set directory, read anew each round.</summary>
    public required string Data { get; init; }

    /// <summary>Directory of versions, the one that the server looks at.</summary>
    public required string Versions { get; init; }

    /// <summary>How models are trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>How indexes are built.</summary>
    public required IndexBuildOptions Index { get; init; }

    /// <summary>Live requests that a version is compared on; null for what the server wants.</summary>
    public int? Requests { get; init; }

    /// <summary>Versions that are kept in the directory, beside those that are in use.</summary>
    public int Keep { get; init; } = 3;
}

/// <summary>What became of a round.</summary>
internal sealed record RetrainedVersion(
    string Name, string Outcome, string? Reason, IReadOnlyDictionary<string, double>? Figures, double? ValidationRecall, int Ads,
    double TrainSeconds, double IndexSeconds, double RolloutSeconds);

/// <summary>
/// One round of retraining beside a server:
/// <code> latest data ─► train ─► index ─► versions/NAME ─► publish ─► the server compares it and decides </code>
/// The version appears in the directory only when it is whole.
/// </summary>
internal sealed class RetrainWorkflow(RetrainOptions options, IndexServer server, TimeProvider time)
{
    // What begins with a dot is no version yet.
    private const string Unfinished = ".making-";

    // Longer than the longest limit of training.
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(7);

    /// <summary>Runs a round.</summary>
    /// <exception cref="InvalidDataException">The data set is broken.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<RetrainedVersion> RunAsync(IStages stages, CancellationToken cancellation)
    {
        // A server that is away is noticed before hours of training, not after. What rounds made whose version could not be published is
        // deleted as well: before, since such a round ends where it fails.
        Tidy(await server.ReadAsync(cancellation).ConfigureAwait(false), null, stages);
        RemoveUnfinished(stages);
        string name = time.GetUtcNow().ToString("yyyy-MM-dd'T'HHmmss", CultureInfo.InvariantCulture);
        string folder = Path.Combine(options.Versions, name), making = Path.Combine(options.Versions, Unfinished + name);
        (TrainedModel model, IndexReport index) = await Task.Run(() => Make(making, stages, cancellation), cancellation)
            .ConfigureAwait(false);
        Directory.Move(making, folder);
        long began = Stopwatch.GetTimestamp();
        RolloutEnd end;
        using (IStage stage = stages.Begin("Roll it out"))
            end = await server.PublishAsync(name, options.Requests, new Said(stage), cancellation).ConfigureAwait(false);
        double took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Tidy(await server.ReadAsync(cancellation).ConfigureAwait(false), name, stages);
        return new RetrainedVersion(
            name, end.Outcome == RolloutOutcome.Switched ? "switched" : "refused", end.Reason, end.Figures, model.ValidationRecall,
            index.Items, model.Seconds, index.VectorsSeconds + index.BuildSeconds + index.WriteSeconds, took);
    }

    private (TrainedModel Model, IndexReport Index) Make(string folder, IStages stages, CancellationToken cancellation)
    {
        Directory.CreateDirectory(options.Versions);
        try
        {
            (string models, string index) = VersionPair.PlaceIn(folder);
            Dataset dataset = stages.Run("Read the data set", () => DatasetDirectory.Read(options.Data));
            using var team = new WorkerTeam(options.Index.Threads);
            TrainedModel[] trained = new TrainWorkflow(dataset, models, options.Training, team) { WithoutSideInformation = false }
                .Run(stages, cancellation);
            return (trained[0], IndexWorkflow.Build(dataset, trained[0].Directory, index, options.Index, stages, cancellation));
        }
        catch
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Deletes what earlier processes were making when they were killed.</summary>
    private void RemoveUnfinished(IStages stages)
    {
        if (!Directory.Exists(options.Versions))
            return;
        foreach (string left in Directory.GetDirectories(options.Versions, Unfinished + "*"))
        {
            // Another process may be training beside this one.
            if (time.GetUtcNow() - Directory.GetLastWriteTimeUtc(left) > Abandoned)
                TryDelete(left, stages);
        }
    }

    /// <summary>Deletes the oldest versions that this made, but none that is in use or can be gone back to.</summary>
    private void Tidy(RolloutView view, string? newest, IStages stages)
    {
        string?[] needed = [newest, view.Running?.Name, view.Previous?.Name, view.UnderWay?.Version.Name];
        string[] ours =
        [
            .. VersionPair.In(options.Versions).Select(pair => pair.Name).Where(name => IsOurs(name) && !needed.Contains(name)),
        ];
        foreach (string old in ours.SkipLast(options.Keep))
            TryDelete(Path.Combine(options.Versions, old), stages);
    }

    // One that cannot be deleted now, as on a busy network drive, is no reason to train nothing; the next round tries again.
    private static void TryDelete(string folder, IStages stages)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stages.Begin($"{folder} could not be deleted: {e.Message}").Dispose();
        }
    }

    private static bool IsOurs(string name) =>
        DateTime.TryParseExact(name, "yyyy-MM-dd'T'HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private sealed class Said(IStage stage) : IProgress<string>
    {
        public void Report(string value) => stage.Update(double.NaN, value);
    }
}
