namespace RecallCluster.Testing;

/// <summary>A test that runs a program of the system; skipped, saying so, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(string program) => Skip = InstalledPrograms.WhyNot(program);
}

/// <summary>Tests that run a program of the system; skipped, saying so, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProgramTheoryAttribute : TheoryAttribute
{
    public ProgramTheoryAttribute(string program) => Skip = InstalledPrograms.WhyNot(program);
}

/// <summary>A test against a real redis-server; skipped, saying so, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class RedisFactAttribute() : ProgramFactAttribute(InstalledPrograms.Redis);

/// <summary>A test that sends processes signals, sets their limits, or both; skipped, saying so, where that is not known to work.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxProcessFactAttribute : FactAttribute
{
    public LinuxProcessFactAttribute() => Skip = LinuxProcesses.WhyNot;
}

internal static class LinuxProcesses
{
    /// <summary>Why a test that freezes, kills or limits processes is skipped; null where it runs.</summary>
    public static string? WhyNot => OperatingSystem.IsLinux()
        ? null : "The signals that freeze and thaw a process have other numbers than on Linux, and limits are set in other ways.";
}

internal static class InstalledPrograms
{
    public const string Redis = "redis-server";

    /// <summary>Why a test that runs a program is skipped; null where it is installed.</summary>
    public static string? WhyNot(string program) => Find(program) is not null ? null
        : program == Redis ? $"There is no {Redis} in the PATH (Debian: apt-get install {Redis})." : $"There is no {program} in the PATH.";

    /// <summary>Where a program is, by the PATH; null where it is nowhere.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
