namespace RecallCluster.Bidding.Tests;

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
    public static string Folder(string name) => Path.Combine(
        Environment.GetEnvironmentVariable("RECALL_SHARED_DATA") is { Length: > 0 } root ? root : Path.Combine(Repository().Parent!.FullName, "shared", "data"), name);

    /// <summary>A file under tests/golden/bidding.</summary>
    public static string Golden(string name) => Path.Combine(Repository().FullName, "tests", "golden", "bidding", name);

    private static DirectoryInfo Repository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "RecallCluster.sln")))
                return folder;
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} is the repository.");
    }
}
