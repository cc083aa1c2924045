namespace RecallCluster.Testing;

/// <summary>
/// A test on real data that the repository does not hold. The data is looked for in the directory that <c>RECALL_SHARED_DATA</c> names, or
/// in <c>../shared/data</c> beside the repository; without it the test is skipped and says so.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute(string folder)
    {
        if (!Directory.Exists(SharedData.Folder(folder)))
            Skip = $"The data folder {SharedData.Folder(folder)} is not there (set RECALL_SHARED_DATA).";
    }
}

internal static class SharedData
{
    public static string Folder(string name) => Path.Combine(Root(), name);

    private static string Root() =>
        Environment.GetEnvironmentVariable("RECALL_SHARED_DATA") is { Length: > 0 } root
            ? root
            : Path.Combine(Repository.TryFind()?.Parent?.FullName ?? AppContext.BaseDirectory, "shared", "data");
}
