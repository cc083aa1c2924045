using System.Globalization;

namespace RecallCluster.Serving.Devices;

/// <summary>
/// A file that says when a device was lost. A process that is started again after that leaves the device alone for a while, because what
/// lost it may come again with the traffic: else the process would end and begin anew for ever.
/// </summary>
/// <param name="Path">The file; one for each process. A broken one counts as none.</param>
/// <param name="Rest">How long the device is left alone.</param>
public sealed record DeviceLossMark(string Path, TimeSpan Rest)
{
    /// <summary>Notes that the device was lost now. Where the file cannot be written, the next life tries the device again.</summary>
    /// <param name="time">The clock.</param>
    /// <returns>Whether it was written.</returns>
    public bool Mark(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        try
        {
            File.WriteAllText(Path, time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>How much longer the device is left alone; null where it may be used.</summary>
    /// <param name="time">The clock.</param>
    public TimeSpan? TimeOfRest(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (Read() is not { } lost)
            return null;
        TimeSpan since = time.GetUtcNow() - lost;
        // One from the future is of a clock that was set back.
        return since >= TimeSpan.Zero && since < Rest ? Rest - since : null;
    }

    private DateTimeOffset? Read()
    {
        try
        {
            return DateTimeOffset.TryParse(
                File.ReadAllText(Path), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTimeOffset lost)
                ? lost
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
