namespace RecallCluster.Testing;

/// <summary>A test that runs a program of the system; skipped, saying so, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(string program)
        : this(program, "")
    {
    }

    protected ProgramFactAttribute(string program, string remedy)
    {
        if (InstalledPrograms.Find(program) is null)
            Skip = $"There is no {program} in the PATH{remedy}.";
    }
}

/// <summary>A test against a real redis-server; skipped, saying so, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class RedisFactAttribute() : ProgramFactAttribute(InstalledPrograms.Redis, $" (Debian: apt-get install {InstalledPrograms.Redis})");

internal static class InstalledPrograms
{
    public const string Redis = "redis-server";

    /// <summary>Where a program is, by the PATH; null where it is nowhere.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
