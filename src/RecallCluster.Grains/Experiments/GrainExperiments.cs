using System.Globalization;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Experiments;

namespace RecallCluster.Grains.Experiments;

/// <summary>The experiments' grains. A change is acknowledged when this silo's gateway knows it, too; others hear of it at once.</summary>
internal sealed class GrainExperiments(IGrainFactory grains, ExperimentReader reader) : IExperimentStore, IExposureReports
{
    private const string TheList = "The list of experiments";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private IExperimentListGrain List => grains.GetGrain<IExperimentListGrain>(0);

    /// <inheritdoc/>
    public async Task<ExperimentDefinition?> TellAsync(ExperimentCommand command, CancellationToken cancellation)
    {
        ExperimentReply reply = await GrainCalls.AskAsync(List.TellAsync(command.Write()), TheList, cancellation).ConfigureAwait(false);
        if (reply.ConflictingVersion is { } actual)
            throw new VersionConflictException(command.IfVersion ?? 0, actual);
        if (reply.Refusal is { } refusal)
            throw new InvalidRequestException(reply.RefusedField ?? "experiment", refusal);
        if (reply.Definition is not { } definition)
            return null;
        try
        {
            await reader.WaitForAsync(reply.Life, reply.Place, cancellation).WaitAsync(Patience, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new IOException(
                $"The change of experiment {command.Experiment} is durable, but was not read here within {Patience.TotalSeconds} s.", e);
        }
        return Read(definition)[0];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ExperimentDefinition>> ListAsync(CancellationToken cancellation) =>
        Read(await GrainCalls.AskAsync(List.ListAsync(), TheList, cancellation).ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task<ExperimentCounts> CountsAsync(long experiment, CancellationToken cancellation)
    {
        byte[] snapshot = await GrainCalls.AskAsync(GrainOf(experiment).CountsAsync(), $"Experiment {experiment}", cancellation)
            .ConfigureAwait(false);
        var counts = new Experiment(Experiment.KeyOf(experiment));
        counts.Restore(snapshot);
        return counts.Copy();
    }

    /// <inheritdoc/>
    public Task ReportAsync(ReportExposures report, CancellationToken cancellation) => GrainCalls.AskAsync(
        GrainOf(report.Experiment).ReportAsync(report.Write()), $"Experiment {report.Experiment}", cancellation);

    private static ExperimentDefinition[] Read(byte[] definitions) =>
        GrainsJson.Read(definitions, ServingJson.Default.ExperimentDefinitionArray, "list of experiments");

    private IExperimentGrain GrainOf(long experiment) =>
        grains.GetGrain<IExperimentGrain>(experiment.ToString(CultureInfo.InvariantCulture));
}
