using System.Globalization;
using System.Text;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Machines;

/// <summary>
/// Which commands machines know. They are checked before they are written, so that no log holds what its machine cannot read, and when
/// they are read: a later version's command must not be taken for none, or for one that failed.
/// </summary>
internal static class KnownCommands
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses a command that the machine which it is addressed to does not know. What it reads need not be read again.</summary>
    /// <param name="record">The command; it may be one that another machine follows.</param>
    /// <exception cref="InvalidDataException">It is damaged, or of a kind that this program does not know.</exception>
    public static void Check(JournalRecord record)
    {
        int slash = record.Key.IndexOf('/', StringComparison.Ordinal);
        switch (slash < 0 ? record.Key : record.Key[..slash])
        {
            case MachineKeys.Campaigns:
                record.Read(ServingJson.Default.CampaignCommand);
                break;
            case MachineKeys.Users:
                record.Read(ServingJson.Default.UserCommand);
                break;
            case MachineKeys.Counts:
                record.Read(ServingJson.Default.EngagementCommand);
                break;
            case MachineKeys.Book:
                Require(
                    long.TryParse(NameIn(record), NumberStyles.None, CultureInfo.InvariantCulture, out _), "it is no campaign's number");
                break;
            case MachineKeys.Registry:
                // No name begins so, but what a later version may write does.
                Require(NameIn(record) is { Length: > 0 } name && name[0] is not ('{' or '['), "it is no gateway's name");
                break;
            case MachineKeys.Catalogue:
                Require(record.Read(CatalogueJson.Default.CatalogueEdit).Id is not null, "it is no edit of an ad");
                break;
            case MachineKeys.Index:
                // Its fields are all optional: one that has none of them has others.
                Require(
                    record.Read(GrainsJson.Default.PlanCommand) is not { Rollout: null, Replicas: null, Place: null },
                    "it is no change of a plan");
                break;
            case MachineKeys.Rollouts when record.Key == CalibratorVersions.Key:
                Require(record.Read(ServingJson.Default.CalibratorRollout).Revision > 0, "it is no step of a roll-out");
                break;
            case MachineKeys.Rollouts when record.Key == MachineFactory.ActorsKey:
                Require(record.Read(MachineFactory.ActorsType).Revision > 0, "it is no step of a roll-out");
                break;
            case MachineKeys.Experiments:
                Refuse(ExperimentChecks.ReportProblem(record.Read(ServingJson.Default.ExperimentCommand)));
                break;
            case MachineKeys.ExperimentList:
                CheckList(record.Read(ServingJson.Default.ExperimentCommand));
                break;
            default:
                break;
        }
    }

    private static void CheckList(ExperimentCommand command)
    {
        Refuse(ExperimentChecks.ListProblem(command));
        if (command is PutExperiment put)
            ExperimentChecks.CheckStructure(put.Settings);
    }

    private static string NameIn(JournalRecord record)
    {
        try
        {
            return Strict.GetString(record.Payload.Span);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("the bytes are no UTF-8", e);
        }
    }

    private static void Require(bool isKnown, string otherwise) => Refuse(isKnown ? null : otherwise);

    private static void Refuse(string? problem)
    {
        if (problem is not null)
            throw new InvalidDataException(problem);
    }
}
