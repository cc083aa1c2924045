using System.Text.Json;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The business clock of a state, in a file beside it: ledgers know only times that pass, so a process that starts again must go on with
/// the time that the one before had reached, also at another speed.
/// </summary>
internal static class BusinessClockFile
{
    private const string Suffix = ".clock";

    /// <summary>The clock of a state.</summary>
    /// <param name="stateFile">The state's file.</param>
    /// <param name="speed">Business seconds a real second from now on.</param>
    /// <param name="real">Real time.</param>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    /// <exception cref="IOException">It can be neither read nor written.</exception>
    public static TimeProvider Open(string stateFile, double speed, TimeProvider real)
    {
        string path = stateFile + Suffix;
        bool exists = File.Exists(path);
        if (!exists && speed == 1)
            return real;
        DateTimeOffset now = real.GetUtcNow();
        var origins = new ClockOrigins(now, now, speed);
        if (exists)
        {
            ClockOrigins before = Read(path);
            if (before.Speed == speed)
                return before.ToClock(real);
            origins = origins with { Business = before.ToClock(real).GetUtcNow() };
        }
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(origins));
        return origins.ToClock(real);
    }

    private static ClockOrigins Read(string path)
    {
        try
        {
            ClockOrigins? origins = JsonSerializer.Deserialize<ClockOrigins>(File.ReadAllBytes(path));
            return origins is { Speed: > 0 and <= 1e6 }
                ? origins
                : throw new InvalidDataException($"{path}: the speed is above 0 and at most a million.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>A moment of real time, the business time of that moment, and how fast it has run since.</summary>
    private sealed record ClockOrigins(DateTimeOffset Real, DateTimeOffset Business, double Speed)
    {
        public ScaledClock ToClock(TimeProvider real) => new(real, Real, Business, Speed);
    }
}
